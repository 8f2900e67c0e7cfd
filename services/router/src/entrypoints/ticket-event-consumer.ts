import { decodeEvent, MalformedEventError, type TicketEvent, topics } from '@tributary/contracts';
import type { Batch } from '@tributary/eventlog';
import type { TicketChange } from '../domain/ticket-changes.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { followTickets } from '../usecases/follow-tickets.ts';

/** Handles a batch of tickets.events.v1. */
export async function handleTicketEvents(context: RoutingContext, batch: Batch): Promise<void> {
  const changes: TicketChange[] = [];
  for (const record of batch.records) {
    try {
      const change = toChange(decodeEvent(topics.ticketEvents, record));
      if (change !== undefined) changes.push(change);
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      await batch.deadLetter(record, error);
    }
  }
  await followTickets(context, changes);
}

/** Undefined for an event that is nothing to routing. */
function toChange({ id, ticketId, sequence, ownerId, change }: TicketEvent): TicketChange | undefined {
  const base = { ticketId, eventId: id, sequence: Number(sequence), ownerId, previousOwnerId: '' };
  switch (change?.$case) {
    case 'assigned':
      return {
        ...base,
        kind: 'assigned',
        ownerId: change.value.ownerId,
        previousOwnerId: change.value.previousOwnerId,
      };
    case 'unassigned':
      return { ...base, kind: 'unassigned', previousOwnerId: change.value.previousOwnerId };
    case 'escalated':
      return { ...base, kind: 'escalated', previousOwnerId: change.value.previousOwnerId };
    case 'resolved':
    case 'closed':
    case 'reopened':
    case 'regraded':
      return { ...base, kind: change.$case };
    default:
      return undefined;
  }
}
