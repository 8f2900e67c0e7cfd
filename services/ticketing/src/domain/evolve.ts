import type { Change } from './changes.ts';
import { type Deadline, type Entry, type Ticket, verifiedKey } from './ticket.ts';

/** Most addresses kept as being on a ticket. */
const maxParticipants = 500;

/** The ticket after a change. @param atMs When it happened. */
export function evolve(ticket: Ticket | undefined, change: Change, atMs: number): Ticket {
  if (change.type === 'created') {
    return {
      id: change.ticketId,
      number: change.number,
      state: 'new',
      version: 0,
      lastSequence: 0,
      customerId: change.customerId,
      contact: change.contact,
      participants: [verifiedKey(change.contact)].filter((key) => key !== ''),
      subject: change.subject,
      grade: change.grade,
      ownerId: '',
      queue: change.queue,
      tier: 1,
      channel: change.channel,
      account: change.account,
      conversationKey: change.conversationKey,
      deadlines: change.deadlines,
      receivedAtMs: change.receivedAtMs,
      updatedAtMs: atMs,
      solution: '',
      followsTicketId: change.followsTicketId,
      entries: [],
      deliveries: {},
      contentChars: 0,
    };
  }
  if (ticket === undefined) throw new Error(`the first change of a ticket is its creation, not ${change.type}`);
  switch (change.type) {
    case 'messageReceived':
      return {
        ...withEntry(ticket, change.entry),
        state: ticket.state === 'new' && change.entry.call?.outcome === 'answered' ? 'open' : ticket.state,
        participants: [...new Set([...ticket.participants, ...change.participants])].slice(0, maxParticipants),
      };
    case 'replyAdded':
      return {
        ...withEntry(ticket, change.entry),
        state: ticket.state === 'new' && change.entry.purpose === 'reply' ? 'open' : ticket.state,
      };
    case 'noteAdded':
      return withEntry(ticket, change.entry);
    case 'assigned':
      return { ...ticket, ownerId: change.ownerId };
    case 'unassigned':
      return { ...ticket, ownerId: '', queue: change.queue };
    case 'escalated':
      return { ...ticket, ownerId: '', queue: change.queue, tier: change.toTier };
    case 'pending': {
      const { pendingUntilMs: _, ...rest } = ticket;
      return {
        ...rest,
        state: 'pending',
        pendingSinceMs: ticket.pendingSinceMs ?? atMs,
        ...(change.untilMs !== undefined && { pendingUntilMs: change.untilMs }),
      };
    }
    case 'resolved':
      return { ...withoutPending(ticket), state: 'resolved', resolvedAtMs: atMs, solution: change.solution };
    case 'reopened': {
      const { resolvedAtMs: _, closedAtMs: __, ...rest } = withoutPending(ticket);
      return { ...rest, state: 'open', deadlines: change.deadlines };
    }
    case 'closed':
      return { ...ticket, state: 'closed', closedAtMs: atMs };
    case 'deliveryUpdated': {
      const { status, reason, providerMessageId } = change;
      return {
        ...ticket,
        deliveries: { ...ticket.deliveries, [change.entryId]: { status, reason, providerMessageId } },
      };
    }
    case 'deadlineWarned':
    case 'deadlineBreached':
    case 'deadlineMet':
      return { ...ticket, deadlines: ticket.deadlines.map((deadline) => replaced(deadline, change.deadline)) };
  }
}

function withEntry(ticket: Ticket, entry: Entry): Ticket {
  return {
    ...ticket,
    entries: [...ticket.entries, entry],
    contentChars: ticket.contentChars + entry.text.length + (entry.html?.length ?? 0),
  };
}

function withoutPending({ pendingSinceMs: _, pendingUntilMs: __, ...ticket }: Ticket): Ticket {
  return ticket;
}

function replaced(deadline: Deadline, by: Deadline): Deadline {
  return deadline.kind === by.kind ? by : deadline;
}
