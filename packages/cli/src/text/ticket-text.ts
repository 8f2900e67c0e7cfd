import {
  type Deadline,
  type Entry,
  EntryKind,
  MessageKind,
  type Ticket,
  type TicketEvent,
  Visibility,
} from '@tributary/contracts';
import { indent, plain, plainLine } from './plain.ts';
import { facts, table } from './table.ts';
import { dateTime, duration } from './time.ts';
import {
  automaticWord,
  complexityWord,
  deadlineWord,
  deliveryWord,
  gradeWords,
  purposeWord,
  sentimentWord,
  severityWord,
  skillWords,
  stateWord,
  typeWord,
} from './words.ts';

/** A ticket with its conversation, for a person. */
export function ticketText(ticket: Ticket, nowMs: number): string {
  const { grade, contact } = ticket;
  const head = facts([
    ['ticket', `${ticket.number}  ${ticket.subject}`],
    ['id', ticket.id],
    ['state', stateWord(ticket.state) + (ticket.pendingUntil ? ` until ${dateTime(ticket.pendingUntil)}` : '')],
    ['version', String(ticket.version)],
    ['owner', ticket.ownerId || `none (queue ${ticket.queue})`],
    ['tier', ticket.tier === 0 ? '' : String(ticket.tier)],
    ['customer', [contact?.displayName, contact?.address, `(${ticket.customerId})`].filter(Boolean).join(' ')],
    ['channel', `${ticket.channel} (${ticket.account})`],
    ['grade', gradeWords(grade)],
    ['complexity', grade === undefined ? '' : complexityWord(grade.complexity)],
    ['language', grade?.language ?? ''],
    ['region', grade?.region ?? ''],
    ['sentiment', grade === undefined ? '' : sentimentWord(grade.sentiment)],
    ['skills', skillWords(grade?.skills ?? [])],
    ['received', dateTime(ticket.receivedTime)],
    ['updated', dateTime(ticket.updatedTime)],
    ...ticket.deadlines.map((deadline) => [deadlineWord(deadline.kind), deadlineText(deadline, nowMs)] as const),
    ['resolved', dateTime(ticket.resolvedTime)],
    ['closed', dateTime(ticket.closedTime)],
    ['solution', ticket.solution],
    ['follows', ticket.followsTicketId],
    ['product', ticket.productModel],
  ]);
  return [head, ...ticket.entries.map(entryText)].join('\n');
}

function deadlineText(deadline: Deadline, nowMs: number): string {
  const due = dateTime(deadline.dueTime);
  if (deadline.metTime !== undefined) {
    const late = deadline.breachedTime === undefined ? '' : ', late';
    return `due ${due}, met ${dateTime(deadline.metTime)}${late}`;
  }
  const leftMs = (deadline.dueTime?.getTime() ?? nowMs) - nowMs;
  return leftMs < 0 ? `due ${due}, overdue by ${duration(leftMs)}` : `due ${due}, in ${duration(leftMs)}`;
}

function entryText(entry: Entry): string {
  const author = entry.author?.displayName || entry.author?.id || 'unknown';
  const what =
    entry.kind === EntryKind.ENTRY_KIND_NOTE
      ? `note by ${author}`
      : entry.kind === EntryKind.ENTRY_KIND_OUTBOUND
        ? `${purposeWord(entry.purpose) || 'reply'} by ${author}`
        : `from ${author}`;
  const delivery = deliveryWord(entry.deliveryStatus);
  const marks = [
    entry.channel,
    entry.visibility === Visibility.VISIBILITY_PUBLIC ? 'public' : '',
    automaticWord(entry.automatic) === 'none' ? '' : automaticWord(entry.automatic),
    delivery + (entry.deliveryReason === '' ? '' : `: ${entry.deliveryReason}`),
  ].filter((mark) => mark !== '');
  const lines = [
    plainLine(`── ${dateTime(entry.time)}  ${what}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`),
    // Of a review the stars: each time it is changed it has others.
    entry.messageKind === MessageKind.MESSAGE_KIND_POST && entry.subject !== '' ? `   ${plainLine(entry.subject)}` : '',
    entry.text === '' ? '' : indent(plain(entry.text).trimEnd(), '   '),
    ...entry.attachments.map(({ name, blob }) => {
      const file = `${name || 'unnamed'}, ${blob?.mediaType ?? 'unknown type'}, ${blob?.size ?? 0} bytes`;
      return `   [${plainLine(file)}]`;
    }),
    ...entry.refusals.map(({ what: refused, reason }) => `   [not kept: ${plainLine(`${refused}: ${reason}`)}]`),
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

/** The changes of a ticket as a table. */
export function historyText(events: readonly TicketEvent[], columns: number | undefined): string {
  const rows = events.map((event) => [
    String(event.sequence),
    dateTime(event.time),
    event.actor?.displayName || event.actor?.id || '',
    stateWord(event.state),
    event.ownerId || `(${event.queue})`,
    changeText(event),
  ]);
  return table(['#', 'TIME', 'WHO', 'STATE', 'OWNER', 'WHAT'], rows, columns);
}

/** What one event changed, in words. */
function changeText({ change }: TicketEvent): string {
  switch (change?.$case) {
    case undefined:
      return 'a change this version does not know';
    case 'created':
      return `created: ${change.value.subject}`;
    case 'messageReceived':
      return `message received: ${change.value.entry?.text ?? ''}`;
    case 'replyAdded':
      return `${purposeWord(change.value.entry?.purpose ?? 0) || 'reply'}: ${change.value.entry?.text ?? ''}`;
    case 'noteAdded':
      return `note: ${change.value.entry?.text ?? ''}`;
    case 'assigned':
      return `assigned to ${change.value.ownerId}${change.value.decisionId === '' ? ' by hand' : ''}`;
    case 'unassigned':
      return `back to queue ${change.value.queue}: ${change.value.reason}`;
    case 'escalated':
      return `escalated from tier ${change.value.fromTier} to ${change.value.toTier}: ${change.value.reason}`;
    case 'pending':
      return `pending${change.value.until ? ` until ${dateTime(change.value.until)}` : ''}: ${change.value.reason}`;
    case 'resolved':
      return `resolved: ${change.value.solution}`;
    case 'reopened':
      return `reopened: ${change.value.reason}`;
    case 'closed':
      return 'closed';
    case 'regraded':
      return `regraded: ${severityWord(change.value.grade?.severity ?? 0)} ${typeWord(change.value.grade?.type ?? 0)}`;
    case 'deliveryUpdated':
      return `delivery ${deliveryWord(change.value.status)}${change.value.reason === '' ? '' : `: ${change.value.reason}`}`;
    case 'deadlineWarned':
      return `${deadlineWord(change.value.deadline?.kind ?? 0)} due soon: ${dateTime(change.value.deadline?.dueTime)}`;
    case 'deadlineBreached':
      return `${deadlineWord(change.value.deadline?.kind ?? 0)} missed: was due ${dateTime(change.value.deadline?.dueTime)}`;
    case 'deadlineMet':
      return `${deadlineWord(change.value.deadline?.kind ?? 0)} met`;
  }
}
