import type { TicketEvent } from '@tributary/contracts';
import type { Check, History, Violation } from '../history.ts';

/** The events of each ticket are numbered 1, 2, 3 … and published in that order; only the same event may be repeated. */
export const checkEventSequences: Check = ({ tickets, ticketEvents }) => {
  const violations: Violation[] = [];
  const byTicket = Map.groupBy(ticketEvents, ({ ticketId }) => ticketId);
  const sequenceOf = new Map<string, string>();
  for (const [ticketId, events] of byTicket) {
    const told = (promise: string, detail: string) =>
      violations.push({ promise, detail: `ticket ${ticketId}: ${detail}` });
    const first = new Map<bigint, TicketEvent>();
    let last = 0n;
    for (const event of events) {
      const known = first.get(event.sequence);
      if (known !== undefined) {
        if (known.id !== event.id) {
          told('an event number is given once', `${event.sequence} is the number of ${known.id} and ${event.id}`);
        }
        continue;
      }
      first.set(event.sequence, event);
      const place = `${ticketId} ${event.sequence}`;
      const other = sequenceOf.get(event.id);
      if (other !== undefined) told('an event id is given once', `${event.id} is the id of ${other} and ${place}`);
      sequenceOf.set(event.id, place);
      if (event.sequence < last) {
        told('events are published in order', `${event.sequence} (${event.id}) was first published after ${last}`);
      }
      if (event.sequence > last) last = event.sequence;
    }
    for (let sequence = 1n; sequence <= last; sequence++) {
      if (!first.has(sequence)) told('event numbers have no gap', `${sequence} of ${last} is missing`);
    }
  }
  const ends = lastSequences(ticketEvents);
  for (const { id, number, lastSequence } of tickets) {
    const published = ends.get(id) ?? 0n;
    byTicket.delete(id);
    if (published !== lastSequence) {
      violations.push({
        promise: 'every change of a ticket is an event',
        detail: `${number} (ticket ${id}) is at ${lastSequence}, its events end at ${published}`,
      });
    }
  }
  for (const ticketId of byTicket.keys()) {
    violations.push({ promise: 'every event belongs to a ticket', detail: `there is no ticket ${ticketId}` });
  }
  return violations;
};

/** The highest number published of each ticket. */
export function lastSequences(ticketEvents: readonly TicketEvent[]): Map<string, bigint> {
  const last = new Map<string, bigint>();
  for (const { ticketId, sequence } of ticketEvents) {
    if (sequence > (last.get(ticketId) ?? 0n)) last.set(ticketId, sequence);
  }
  return last;
}

/** How many events were published more than once. That is allowed: consumers drop what they have seen. */
export function countRepeats({ ticketEvents }: History): number {
  return ticketEvents.length - new Set(ticketEvents.map(({ id }) => id)).size;
}
