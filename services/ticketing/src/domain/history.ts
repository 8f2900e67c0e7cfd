import type { Cause, Change, TicketEvent } from './changes.ts';
import { evolve } from './evolve.ts';
import type { Ticket } from './ticket.ts';

/** A ticket and the events that brought it there. */
export interface Recorded {
  readonly ticket: Ticket | undefined;
  readonly events: readonly TicketEvent[];
}

/** Applies the changes of one command: the version rises by one, each change gets the next sequence number. */
export function record(ticket: Ticket | undefined, changes: readonly Change[], cause: Cause): Recorded {
  const version = (ticket?.version ?? 0) + 1;
  let current = ticket;
  const events = changes.map((change): TicketEvent => {
    const sequence = (current?.lastSequence ?? 0) + 1;
    const next = evolve(current, change, cause.atMs);
    current = { ...next, version, lastSequence: sequence, updatedAtMs: cause.atMs };
    const { state, ownerId, queue } = current;
    return { sequence, version, ...cause, state, ownerId, queue, change };
  });
  return { ticket: current, events };
}
