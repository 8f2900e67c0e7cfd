import {
  Automatic,
  DecisionOutcome,
  type Delivery,
  DeliveryStatus,
  deadlineKindToJSON,
  decodeEvent,
  deliveryStatusToJSON,
  type Entry,
  type Grade,
  type InboundMessage,
  type OutboundMessage,
  outboundPurposeToJSON,
  type RoutingDecision,
  severityToJSON,
  type TicketEvent,
  ticketStateToJSON,
  ticketTypeToJSON,
  topics,
} from '@tributary/contracts';
import type { LogRecord } from '@tributary/eventlog';
import type { Fact, Step } from '../domain/fact.ts';

/** The topics that the feed reads. */
export const feedTopics = [
  topics.inbound.name,
  topics.decisions.name,
  topics.ticketEvents.name,
  topics.outbound.name,
  topics.delivery.name,
] as const;

/**
 * What a record tells. Undefined when another one tells the same. @throws MalformedEventError when it is not an event of its topic; those who own the topic
 * dead-letter it, the feed passes over it.
 */
export function factOf(record: LogRecord): Fact | undefined {
  switch (record.topic) {
    case topics.inbound.name:
      return ofInbound(decodeEvent(topics.inbound, record));
    case topics.decisions.name:
      return ofDecision(decodeEvent(topics.decisions, record));
    case topics.ticketEvents.name:
      return ofTicketEvent(decodeEvent(topics.ticketEvents, record));
    case topics.outbound.name:
      return ofOutbound(decodeEvent(topics.outbound, record));
    case topics.delivery.name:
      return ofDelivery(decodeEvent(topics.delivery, record));
    default:
      throw new Error(`${record.topic} is no topic of the feed`);
  }
}

/** A card shows the beginning of a long text. */
const maxText = 2000;
const maxLines = 40;

function step(
  fields: Omit<Step, 'atMs' | 'text' | 'details' | 'candidates' | 'bad'> & { at: Date | undefined } & Partial<Step>,
): Step {
  const { id, kind, title, at, text = '', details = [], candidates = [], bad = false } = fields;
  return {
    id,
    kind,
    title: shortened(title),
    atMs: at?.getTime() ?? 0,
    text: shortened(text),
    details: details.slice(0, maxLines).map(shortened),
    candidates: candidates.slice(0, maxLines).map(shortened),
    bad,
  };
}

function shortened(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}…`;
}

function ofInbound(message: InboundMessage): Fact {
  const customer = message.sender?.displayName || message.sender?.address || 'unknown sender';
  const byMachine = message.automatic > Automatic.AUTOMATIC_NONE;
  return {
    messageId: message.id,
    ticketId: message.replyToTicketId,
    heading: {
      channel: message.channel,
      customer: shortened(customer),
      ...(message.subject === '' ? {} : { subject: shortened(message.subject) }),
    },
    step: step({
      id: `inbound ${message.id}`,
      kind: 'message',
      at: message.receivedTime,
      title: `${byMachine ? 'Automatic message' : 'Message'} by ${message.channel} from ${customer}`,
      text: message.text,
      details: [
        ...message.attachments.map(
          ({ name, blob }) => `attachment ${name || 'without a name'}, ${blob?.size ?? 0n} bytes`,
        ),
        ...message.refusals.map(({ what, reason }) => `not kept: ${what}: ${reason}`),
      ],
    }),
  };
}

function ofDecision(decision: RoutingDecision): Fact {
  const { grade } = decision;
  return {
    messageId: decision.messageId,
    ticketId: decision.ticketId,
    heading: { ticketNumber: decision.ticketNumber, ...(grade === undefined ? {} : { grade: gradeWords(grade) }) },
    step: step({
      id: `decision ${decision.id}`,
      kind: 'decision',
      at: decision.time,
      title: decisionTitle(decision),
      details: (grade?.reasons ?? []).map(({ field, rule, detail }) => `${field}: ${detail || rule}`),
      candidates: candidateLines(decision),
      bad: decision.outcome === DecisionOutcome.DECISION_OUTCOME_WAITING,
    }),
  };
}

function decisionTitle({ outcome, agentId, grade }: RoutingDecision): string {
  const what = grade === undefined ? '' : `${gradeWords(grade)}: `;
  switch (outcome) {
    case DecisionOutcome.DECISION_OUTCOME_ASSIGNED:
      return `${what}assigned to ${agentId}`;
    case DecisionOutcome.DECISION_OUTCOME_KEPT_OWNER:
      return `${what}${agentId} keeps it`;
    case DecisionOutcome.DECISION_OUTCOME_WAITING:
      return `${what}waits in queue ${grade?.queue ?? ''}`;
    default:
      return `${what}needs no owner`;
  }
}

function candidateLines({ candidates, agentId }: RoutingDecision): string[] {
  return candidates.map((candidate) => {
    if (candidate.agentId === agentId) return `${candidate.agentId} was chosen`;
    if (candidate.qualified) return `${candidate.agentId} qualified, place ${candidate.rank}`;
    return `${candidate.agentId} was left out: ${candidate.reason}`;
  });
}

function ofTicketEvent(event: TicketEvent): Fact | undefined {
  const { change } = event;
  // The Delivery itself has said so.
  if (change?.$case === 'deliveryUpdated') return undefined;
  const created = change?.$case === 'created' ? change.value : undefined;
  const received = change?.$case === 'messageReceived' ? (change.value.entry?.id ?? '') : '';
  return {
    // The command that creates a ticket is the message that started it.
    messageId: created === undefined ? received : event.commandId,
    ticketId: event.ticketId,
    heading: {
      ticketNumber: event.ticketNumber,
      state: words('TICKET_STATE', ticketStateToJSON(event.state)),
      owner: event.ownerId,
      queue: event.queue,
      ...(created === undefined
        ? {}
        : {
            channel: created.channel,
            ...(created.subject === '' ? {} : { subject: shortened(created.subject) }),
            ...(created.grade === undefined ? {} : { grade: gradeWords(created.grade) }),
            ...(created.contact === undefined
              ? {}
              : { customer: shortened(created.contact.displayName || created.contact.address) }),
          }),
    },
    step: step({ id: `event ${event.id}`, kind: 'change', at: event.time, ...changeWords(event) }),
  };
}

function changeWords({ change, ticketNumber, actor, time }: TicketEvent): Pick<Step, 'title'> & Partial<Step> {
  const who = actor?.displayName || actor?.id || '';
  switch (change?.$case) {
    case 'created':
      return {
        title: `Ticket ${ticketNumber} opened`,
        details: change.value.deadlines.map(
          ({ kind, dueTime }) => `${words('DEADLINE_KIND', deadlineKindToJSON(kind))} due in ${span(time, dueTime)}`,
        ),
      };
    case 'messageReceived':
      return { title: 'Message put on the ticket' };
    case 'replyAdded':
      return {
        title: `${purposeOf(change.value.entry)} by ${authorOf(change.value.entry) || who}`,
        text: change.value.entry?.text ?? '',
      };
    case 'noteAdded':
      return { title: `Note by ${who}`, text: change.value.entry?.text ?? '' };
    case 'assigned':
      return { title: `${change.value.ownerId} owns the ticket` };
    case 'unassigned':
      return { title: `Back to queue ${change.value.queue}`, text: change.value.reason };
    case 'escalated':
      return { title: `Escalated to tier ${change.value.toTier}`, text: change.value.reason };
    case 'pending':
      return { title: 'Pending', text: change.value.reason };
    case 'resolved':
      return { title: `Resolved by ${who}`, text: change.value.solution };
    case 'reopened':
      return { title: 'Reopened', text: change.value.reason };
    case 'closed':
      return { title: 'Closed' };
    case 'regraded':
      return { title: `Regraded: ${change.value.grade === undefined ? '' : gradeWords(change.value.grade)}` };
    case 'deadlineWarned':
      return { title: `${deadlineOf(change.value.deadline)} due soon`, bad: true };
    case 'deadlineBreached':
      return { title: `${deadlineOf(change.value.deadline)} missed`, bad: true };
    case 'deadlineMet':
      return { title: `${deadlineOf(change.value.deadline)} met` };
    default:
      return { title: 'A change this page does not know' };
  }
}

function ofOutbound(message: OutboundMessage): Fact {
  const purpose = words('OUTBOUND_PURPOSE', outboundPurposeToJSON(message.purpose)) || 'reply';
  return {
    messageId: '',
    ticketId: message.ticketId,
    heading: { ticketNumber: message.ticketNumber },
    step: step({
      id: `outbound ${message.id}`,
      kind: 'answer',
      at: message.createdTime,
      title: `${capitalised(purpose)} goes out by ${message.channel}`,
      text: message.text,
    }),
  };
}

function ofDelivery(delivery: Delivery): Fact {
  const { status, reason, providerCode } = delivery;
  const bad = status === DeliveryStatus.DELIVERY_STATUS_FAILED || status === DeliveryStatus.DELIVERY_STATUS_UNCERTAIN;
  return {
    messageId: '',
    ticketId: delivery.ticketId,
    heading: {},
    step: step({
      id: `delivery ${delivery.id}`,
      kind: 'delivery',
      at: delivery.time,
      title: `${capitalised(words('DELIVERY_STATUS', deliveryStatusToJSON(status)))} by ${delivery.channel}`,
      text: [reason, providerCode].filter((part) => part !== '').join(' · '),
      bad,
    }),
  };
}

/** An acknowledgement is caused by the customer and written by us. */
function authorOf(entry: Entry | undefined): string {
  return entry?.author?.displayName || entry?.author?.id || '';
}

function purposeOf(entry: Entry | undefined): string {
  return capitalised(words('OUTBOUND_PURPOSE', outboundPurposeToJSON(entry?.purpose ?? 0)) || 'reply');
}

function deadlineOf(deadline: { readonly kind: Parameters<typeof deadlineKindToJSON>[0] } | undefined): string {
  return capitalised(words('DEADLINE_KIND', deadlineKindToJSON(deadline?.kind ?? 0)));
}

function gradeWords(grade: Grade): string {
  const words_ = [
    words('SEVERITY', severityToJSON(grade.severity)),
    words('TICKET_TYPE', ticketTypeToJSON(grade.type)),
  ];
  return words_.filter((word) => word !== '').join(' ');
}

/** `5 min`, `2 h`, `3 days`. */
function span(from: Date | undefined, to: Date | undefined): string {
  const minutes = ((to?.getTime() ?? 0) - (from?.getTime() ?? 0)) / 60_000;
  if (minutes < 60) return `${Math.round(minutes)} min`;
  return minutes < 48 * 60
    ? `${Number((minutes / 60).toFixed(1))} h`
    : `${Number((minutes / 24 / 60).toFixed(1))} days`;
}

/** An enum's name in words: `TICKET_TYPE_HARDWARE_FAULT` → `hardware fault`. Empty for UNSPECIFIED. */
function words(prefix: string, name: string): string {
  const rest = name.slice(prefix.length + 1);
  return rest === 'UNSPECIFIED' ? '' : rest.toLowerCase().replaceAll('_', ' ');
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
