import {
  Delivery,
  encodeEvent,
  InboundMessage,
  OutboundMessage,
  RoutingDecision,
  TicketEvent,
  topics,
} from '@tributary/contracts';
import type { EventLog, NewRecord } from '@tributary/eventlog';

/** The events of one message on its way, each ready to be appended. */
export interface Journey {
  readonly inbound: NewRecord;
  readonly created: NewRecord;
  readonly received: NewRecord;
  readonly decision: NewRecord;
  readonly assigned: NewRecord;
  readonly reply: NewRecord;
  readonly outbound: NewRecord;
  readonly delivered: NewRecord;
}

export interface JourneyOptions {
  readonly name?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly customer?: string;
  readonly channel?: string;
  readonly startMs?: number;
}

/** A message that becomes a ticket, gets its owner and is answered. Different names are different tickets. */
export function journey(options: JourneyOptions = {}): Journey {
  const {
    name = '001',
    subject = 'Smoke from the battery',
    text = 'My scooter battery gives off smoke when charging. What shall I do?',
    customer = 'Mei Lin',
    channel = 'email',
    startMs = Date.parse('2026-11-22T08:00:00Z'),
  } = options;
  const at = (afterMs: number) => new Date(startMs + afterMs).toISOString();
  const messageId = `message-${name}`;
  const ticketId = `ticket-${name}`;
  const ticketNumber = `20261122${name}`;
  const conversationKey = `${channel}:${name}`;
  const grade = {
    type: 'TICKET_TYPE_HARDWARE_FAULT',
    severity: 'SEVERITY_URGENT',
    language: 'en',
    region: 'north',
    queue: 'hardware',
    reasons: [
      { field: 'severity', rule: 'smoke', detail: '"smoke" in the text' },
      { field: 'type', rule: 'battery', detail: '"battery" in the subject' },
    ],
  };
  const event = (sequence: number, afterMs: number, change: object, more: object = {}) =>
    encodeEvent(
      topics.ticketEvents,
      TicketEvent.fromJSON({
        id: `${ticketId}-${sequence}`,
        ticketId,
        ticketNumber,
        sequence,
        time: at(afterMs),
        actor: { kind: 'ACTOR_KIND_SYSTEM', id: 'ticketing' },
        commandId: messageId,
        state: 'TICKET_STATE_NEW',
        queue: 'hardware',
        ...change,
        ...more,
      }),
      'test',
    );
  const owned = { ownerId: 'anna', state: 'TICKET_STATE_OPEN' };
  const answer = 'Please unplug it and put it outside. We send a courier for it today.';
  return {
    inbound: encodeEvent(
      topics.inbound,
      InboundMessage.fromJSON({
        id: messageId,
        channel,
        account: 'support',
        conversationKey,
        sender: { kind: 'email', address: 'mei@example.com', displayName: customer },
        subject,
        text,
        receivedTime: at(0),
      }),
      'test',
    ),
    created: event(1, 10, {
      created: {
        subject,
        contact: { kind: 'email', address: 'mei@example.com', displayName: customer },
        grade,
        queue: 'hardware',
        channel,
        deadlines: [{ kind: 'DEADLINE_KIND_FIRST_RESPONSE', dueTime: at(2 * 60 * 60 * 1000) }],
      },
    }),
    received: event(2, 10, { messageReceived: { entry: { id: messageId, text } } }),
    decision: encodeEvent(
      topics.decisions,
      RoutingDecision.fromJSON({
        id: `decision-${name}`,
        ticketId,
        ticketNumber,
        messageId,
        grade,
        candidates: [
          { agentId: 'anna', qualified: true, rank: 1 },
          { agentId: 'bob', qualified: false, reason: 'is away' },
        ],
        outcome: 'DECISION_OUTCOME_ASSIGNED',
        agentId: 'anna',
        time: at(20),
      }),
      'test',
    ),
    assigned: event(3, 30, { assigned: { ownerId: 'anna', decisionId: `decision-${name}` } }, { ownerId: 'anna' }),
    reply: event(4, 60_000, { replyAdded: { entry: { id: `answer-${name}`, text: answer } } }, owned),
    outbound: encodeEvent(
      topics.outbound,
      OutboundMessage.fromJSON({
        id: `answer-${name}`,
        ticketId,
        ticketNumber,
        channel,
        conversationKey,
        text: answer,
        purpose: 'OUTBOUND_PURPOSE_REPLY',
        createdTime: at(60_000),
      }),
      'test',
    ),
    delivered: encodeEvent(
      topics.delivery,
      Delivery.fromJSON({
        id: `delivery-${name}`,
        outboundMessageId: `answer-${name}`,
        ticketId,
        channel,
        conversationKey,
        status: 'DELIVERY_STATUS_SENT',
        time: at(61_000),
      }),
      'test',
    ),
  };
}

/** Appends them one after the other. */
export async function append(eventLog: EventLog, ...records: readonly NewRecord[]): Promise<void> {
  for (const record of records) await eventLog.append([record]);
}
