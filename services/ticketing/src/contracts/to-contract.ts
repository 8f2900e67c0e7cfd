import * as contracts from '@tributary/contracts';
import type { Change, TicketEvent } from '../domain/changes.ts';
import type {
  Actor,
  Attachment,
  Blob,
  Call,
  ContactPoint,
  Deadline,
  DeliveryState,
  Entry,
  Grade,
  Ticket,
} from '../domain/ticket.ts';
import * as words from './enums.ts';

/** The ticket as the API shows it. */
export function toTicket(ticket: Ticket): contracts.Ticket {
  const { deliveries, channel } = ticket;
  return {
    id: ticket.id,
    number: ticket.number,
    state: words.ticketState.value(ticket.state),
    version: BigInt(ticket.version),
    customerId: ticket.customerId,
    contact: toContact(ticket.contact),
    subject: ticket.subject,
    grade: toGrade(ticket.grade),
    ownerId: ticket.ownerId,
    queue: ticket.queue,
    tier: ticket.tier,
    channel,
    account: ticket.account,
    conversationKey: ticket.conversationKey,
    deadlines: ticket.deadlines.map(toDeadline),
    receivedTime: new Date(ticket.receivedAtMs),
    updatedTime: new Date(ticket.updatedAtMs),
    pendingUntil: toTime(ticket.pendingUntilMs),
    resolvedTime: toTime(ticket.resolvedAtMs),
    closedTime: toTime(ticket.closedAtMs),
    entries: ticket.entries.map((entry) => toEntry(entry, channel, deliveries[entry.id])),
    solution: ticket.solution,
    followsTicketId: ticket.followsTicketId,
    productModel: '',
    purchaseTime: undefined,
    lastSequence: BigInt(ticket.lastSequence),
  };
}

/** An entry; as it was when it was added when nothing is said of its delivery. */
function toEntry(entry: Entry, channel: string, delivery?: DeliveryState): contracts.Entry {
  return {
    id: entry.id,
    kind: words.entryKind.value(entry.kind),
    author: toActor(entry.author),
    channel: entry.kind === 'note' ? '' : (entry.channel ?? channel),
    text: entry.text,
    html: entry.html ?? '',
    attachments: (entry.attachments ?? []).map(toAttachment),
    time: new Date(entry.atMs),
    deliveryStatus: delivery === undefined ? 0 : words.deliveryStatus.value(delivery.status),
    deliveryReason: delivery?.reason ?? '',
    automatic: entry.kind === 'inbound' ? words.automatic.value(entry.automatic ?? 'none') : 0,
    subject: entry.subject ?? '',
    providerMessageId: delivery?.providerMessageId ?? entry.providerMessageId ?? '',
    visibility: entry.kind === 'note' ? 0 : words.visibility.value(entry.visibility ?? 'private'),
    purpose: entry.purpose === undefined ? 0 : words.outboundPurpose.value(entry.purpose),
    refusals: (entry.refusals ?? []).map((refusal) => ({ ...refusal })),
    raw: entry.raw && toBlob(entry.raw),
    messageKind: entry.kind === 'note' ? 0 : words.messageKind.value(entry.messageKind ?? 'message'),
    call: entry.call && toCall(entry.call),
  };
}

/** An event as it is published; the same however often it is made. */
export function toTicketEvent(ticket: Ticket, event: TicketEvent): contracts.TicketEvent {
  return {
    id: contracts.hashId('ticket-event', ticket.id, event.sequence),
    ticketId: ticket.id,
    ticketNumber: ticket.number,
    sequence: BigInt(event.sequence),
    version: BigInt(event.version),
    time: new Date(event.atMs),
    actor: toActor(event.actor),
    commandId: event.commandId,
    state: words.ticketState.value(event.state),
    ownerId: event.ownerId,
    queue: event.queue,
    change: toChange(event.change, ticket.channel),
  };
}

function toChange(change: Change, channel: string): contracts.TicketEvent['change'] {
  switch (change.type) {
    case 'created': {
      const { subject, customerId, queue, account, conversationKey, followsTicketId } = change;
      const value = {
        ...{ subject, customerId, queue, channel, account, conversationKey, followsTicketId },
        contact: toContact(change.contact),
        grade: toGrade(change.grade),
        deadlines: change.deadlines.map(toDeadline),
      };
      return { $case: 'created', value };
    }
    case 'messageReceived':
    case 'replyAdded':
    case 'noteAdded':
      return { $case: change.type, value: { entry: toEntry(change.entry, channel) } };
    case 'assigned':
    case 'unassigned':
    case 'escalated':
    case 'resolved': {
      const { type: $case, ...value } = change;
      return { $case, value } as contracts.TicketEvent['change'];
    }
    case 'pending':
      return { $case: 'pending', value: { until: toTime(change.untilMs), reason: change.reason } };
    case 'reopened':
      return { $case: 'reopened', value: { reason: change.reason } };
    case 'closed':
      return { $case: 'closed', value: {} };
    case 'deliveryUpdated': {
      const { entryId, reason, status } = change;
      return { $case: 'deliveryUpdated', value: { entryId, status: words.deliveryStatus.value(status), reason } };
    }
    case 'deadlineWarned':
    case 'deadlineBreached':
    case 'deadlineMet':
      return { $case: change.type, value: { deadline: toDeadline(change.deadline) } };
  }
}

/** The message to the customer that an event causes; undefined when it causes none. */
export function toOutboundMessage(ticket: Ticket, { change }: TicketEvent): contracts.OutboundMessage | undefined {
  if (change.type !== 'replyAdded') return undefined;
  const { entry } = change;
  const channel = entry.channel ?? ticket.channel;
  return {
    id: entry.id,
    ticketId: ticket.id,
    ticketNumber: ticket.number,
    channel,
    // The accounts of another channel are not known here; its gateway takes its first.
    account: channel === ticket.channel ? ticket.account : 'default',
    conversationKey: entry.conversationKey ?? ticket.conversationKey,
    recipients: [toContact(entry.recipient ?? ticket.contact)],
    subject: entry.subject ?? replySubject(ticket.subject),
    text: entry.text,
    html: entry.html ?? '',
    attachments: (entry.attachments ?? []).map(toAttachment),
    references: [...(entry.references ?? [])],
    visibility: words.visibility.value(entry.visibility ?? 'private'),
    parentProviderMessageId: entry.parentProviderMessageId ?? '',
    purpose: words.outboundPurpose.value(entry.purpose ?? 'reply'),
    language: entry.language ?? '',
    authorName: entry.author.kind === 'agent' ? entry.author.displayName : '',
    authorId: entry.author.kind === 'agent' ? entry.author.id : '',
    kind: words.messageKind.value(entry.messageKind ?? 'message'),
    createdTime: new Date(entry.atMs),
  };
}

function replySubject(subject: string): string {
  return subject === '' || /^re:/i.test(subject) ? subject : `Re: ${subject}`;
}

export function toGrade(grade: Grade): contracts.Grade {
  return {
    type: grade.type === 'none' ? 0 : words.ticketType.value(grade.type),
    severity: grade.severity === 'none' ? 0 : words.severity.value(grade.severity),
    complexity: words.complexity.value(grade.complexity),
    language: grade.language,
    region: grade.region,
    sentiment: grade.sentiment === 'none' ? 0 : words.sentiment.value(grade.sentiment),
    skills: grade.skills.map((skill) => ({ ...skill })),
    queue: grade.queue,
    reasons: grade.reasons.map((reason) => ({ ...reason })),
    policyVersion: grade.policyVersion,
  };
}

function toDeadline(deadline: Deadline): contracts.Deadline {
  return {
    kind: words.deadlineKind.value(deadline.kind),
    dueTime: new Date(deadline.dueAtMs),
    metTime: toTime(deadline.metAtMs),
    warnedTime: toTime(deadline.warnedAtMs),
    breachedTime: toTime(deadline.breachedAtMs),
  };
}

function toActor({ kind, id, displayName }: Actor): contracts.Actor {
  return { kind: words.actorKind.value(kind), id, displayName };
}

function toCall({ outcome, talkSeconds, waitSeconds, menuChoice, outbound }: Call): contracts.Call {
  return {
    outcome: outcome === undefined ? 0 : words.callOutcome.value(outcome),
    talkSeconds: BigInt(talkSeconds),
    waitSeconds: BigInt(waitSeconds),
    menuChoice,
    outbound,
  };
}

function toContact(contact: ContactPoint): contracts.ContactPoint {
  return { ...contact, verification: words.verification.value(contact.verification) };
}

function toAttachment({ blob, name, contentId }: Attachment): contracts.Attachment {
  return { blob: toBlob(blob), name, contentId };
}

function toBlob({ key, mediaType, size, sha256 }: Blob): contracts.BlobRef {
  return { key, mediaType, size: BigInt(size), sha256 };
}

function toTime(atMs: number | undefined): Date | undefined {
  return atMs === undefined ? undefined : new Date(atMs);
}
