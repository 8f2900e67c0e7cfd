import {
  Agent,
  Delivery,
  DeliveryStatus,
  Entry,
  EntryKind,
  hashId,
  OutboundMessage,
  OutboundPurpose,
  Ticket,
  TicketEvent,
  TicketState,
} from '@tributary/contracts';
import type { ChatLine, CustomerMessage, History } from '../src/history.ts';

/** A history a test may change before the checks see it. */
export type Editable<T> = T extends bigint | string | number | boolean | Date | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Editable<Item>[]
    : { -readonly [Name in keyof T]: Editable<T[Name]> };

/**
 * What a well-behaved Tributary leaves behind: a mail thread of three mails on ticket `t-mail`, acknowledged and answered; a
 * chat of three lines on ticket `t-chat`, acknowledged and answered. Both owned by `ada`.
 */
export function smallHistory(): Editable<History> {
  const mails = ['m1', 'm2', 'm3'].map((id, index) => sentMessage('email', 'thread 1', id, index + 1));
  const lines = ['c1', 'c2', 'c3'].map((id, index) => sentMessage('chat', 'chat 1', id, index + 4));
  const mailEntries = [
    inbound('email', 'm1'),
    answer('ack-mail', OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT),
    inbound('email', 'm2'),
    inbound('email', 'm3'),
    answer('reply-mail', OutboundPurpose.OUTBOUND_PURPOSE_REPLY),
  ];
  const chatEntries = [
    inbound('chat', 'c1'),
    answer('ack-chat', OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT),
    inbound('chat', 'c2'),
    inbound('chat', 'c3'),
    answer('reply-chat', OutboundPurpose.OUTBOUND_PURPOSE_REPLY),
  ];
  const tickets = [
    ticket('t-mail', '20261122001', 'email', mailEntries),
    ticket('t-chat', '20261122002', 'chat', chatEntries),
  ];
  const shown: ChatLine[] = chatEntries.map(({ id, providerMessageId, kind, text }, index) => {
    const isCustomers = kind === EntryKind.ENTRY_KIND_INBOUND;
    return {
      sequence: index + 1,
      id,
      clientId: isCustomers ? providerMessageId : undefined,
      author: isCustomers ? 'customer' : 'agent',
      text,
    };
  });
  const outbound = tickets.flatMap(outboundOf);
  const history: History = {
    messages: [...mails, ...lines],
    refusals: [],
    commands: tickets.map(({ id, channel }) => ({
      commandId: `command-${id}`,
      kind: 'reply',
      ticketId: id,
      text: `reply-${channel === 'email' ? 'mail' : 'chat'} text`,
      result: 'accepted',
    })),
    tickets,
    ticketEvents: tickets.flatMap(eventsOf),
    outbound,
    deliveries: outbound.map(({ id }) => delivery(id, DeliveryStatus.DELIVERY_STATUS_SENT)),
    mails: ['ack-mail', 'reply-mail'].map((id) => ({
      messageId: `out.${id}@tributary.local`,
      to: 'customer-1@mail.example',
      atMs: 0,
    })),
    chats: [{ conversation: 'chat 1', sessionId: 's1', received: structuredClone(shown), whole: shown }],
    ...{ arrivals: [], offers: [], offerAnswers: [] },
    agents: [Agent.fromPartial({ id: 'ada', capacityUnits: 100, loadUnits: 35, work: { 't-mail': 10, 't-chat': 25 } })],
    deadLetters: [],
  };
  return history as Editable<History>;
}

function sentMessage(channel: 'email' | 'chat', conversation: string, id: string, order: number): CustomerMessage {
  const sentAtMs = order * 1000;
  return {
    ...{ channel, conversation, providerId: id, text: `text of ${id}`, pipelined: channel === 'chat' },
    ...{ sentOrder: order, sentAtMs, acknowledgedAtMs: sentAtMs + 100, sends: 1, failures: [] },
  };
}

export function inbound(channel: string, providerMessageId: string): Entry {
  return Entry.fromPartial({
    id: `in-${providerMessageId}`,
    kind: EntryKind.ENTRY_KIND_INBOUND,
    channel,
    providerMessageId,
    text: `text of ${providerMessageId}`,
  });
}

export function answer(id: string, purpose: OutboundPurpose): Entry {
  return Entry.fromPartial({ id, kind: EntryKind.ENTRY_KIND_OUTBOUND, purpose, text: `${id} text`, deliveryStatus: 1 });
}

export function delivery(outboundMessageId: string, status: DeliveryStatus): Delivery {
  return Delivery.fromPartial({ id: hashId(outboundMessageId, status), outboundMessageId, status });
}

export function ticket(id: string, number: string, channel: string, entries: Entry[]): Ticket {
  return Ticket.fromPartial({
    ...{ id, number, channel, entries, queue: 'support', ownerId: 'ada', state: TicketState.TICKET_STATE_OPEN },
    conversationKey: channel === 'chat' ? 'chat:s1' : `email:${id}`,
    // Created, then one event an entry.
    lastSequence: BigInt(entries.length + 1),
  });
}

function eventsOf({ id, entries }: Ticket): TicketEvent[] {
  const changes: TicketEvent['change'][] = entries.map((entry) =>
    entry.kind === EntryKind.ENTRY_KIND_INBOUND
      ? { $case: 'messageReceived', value: { entry } }
      : { $case: 'replyAdded', value: { entry } },
  );
  return [undefined, ...changes].map((change, index) =>
    TicketEvent.fromPartial({
      id: hashId('event', id, index + 1),
      ticketId: id,
      sequence: BigInt(index + 1),
      commandId: isReply(change) ? `command-${id}` : '',
      ...(change && { change }),
    }),
  );
}

function isReply(change: TicketEvent['change']): boolean {
  return change?.$case === 'replyAdded' && change.value.entry?.purpose === OutboundPurpose.OUTBOUND_PURPOSE_REPLY;
}

function outboundOf({ id, number, channel, conversationKey, entries }: Ticket): OutboundMessage[] {
  return entries
    .filter(({ kind }) => kind === EntryKind.ENTRY_KIND_OUTBOUND)
    .map((entry) =>
      OutboundMessage.fromPartial({
        ...{ id: entry.id, ticketId: id, ticketNumber: number, channel, conversationKey },
        ...{ text: entry.text, purpose: entry.purpose },
      }),
    );
}
