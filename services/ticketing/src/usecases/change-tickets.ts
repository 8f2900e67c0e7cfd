import type { TicketEvent } from '../domain/changes.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { StoredTicket, TicketChange, TicketNumbers, TicketStore } from '../ports.ts';

/** What is to happen to one ticket. */
export interface TicketWork {
  readonly ticketId: string;
  /** Decides on the ticket as it is; asked again when the ticket changed before the decision was stored. */
  decide(
    current: StoredTicket | undefined,
    newNumber: () => string,
  ): { readonly ticket: Ticket | undefined; readonly events: readonly TicketEvent[]; readonly idleCommandId?: string };
}

/** Publishes what tickets have to say; told of every change that was stored. */
export interface EventRelay {
  publish(tickets: readonly StoredTicket[]): void;
  /** These may have events that nobody told of. */
  recheck(ticketIds: readonly string[]): void;
}

export interface ChangeDependencies {
  readonly store: TicketStore;
  readonly relay: EventRelay;
  readonly numbers: TicketNumbers;
}

/** A ticket that is changed by others all the time could not be changed. Trying again later may succeed. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
}

const maxAttempts = 100;

/**
 * Changes tickets: decides on each as it is, writes all in one bulk write, and decides anew when others were faster.
 * @param known The tickets as read before; read here when absent.
 * @returns the tickets as they are afterwards.
 * @throws ContentionError, and whatever a decision throws: then nothing is written, unless others changed tickets meanwhile.
 */
export async function changeTickets(
  works: readonly TicketWork[],
  { store, relay, numbers }: ChangeDependencies,
  known?: ReadonlyMap<string, StoredTicket>,
): Promise<Map<string, StoredTicket>> {
  const ids = works.map(({ ticketId }) => ticketId);
  let current = new Map(known ?? (await store.load(ids)));
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const created = ids.filter((id) => !current.has(id)).length;
    const block = created === 0 ? [] : await numbers.allocate(created);
    const newNumber = () => {
      const number = block.shift();
      if (number === undefined) throw new Error('a ticket takes at most one number');
      return number;
    };
    const changes: TicketChange[] = [];
    for (const work of works) {
      const before = current.get(work.ticketId);
      const { ticket, events, idleCommandId } = work.decide(before, newNumber);
      if (ticket === undefined || (events.length === 0 && idleCommandId === undefined)) continue;
      changes.push({ before, ticket, events, ...(idleCommandId !== undefined && { idleCommandId }) });
    }
    if (changes.length === 0) return current;
    const saved = await store.save(changes);
    if (saved !== undefined) {
      relay.publish(saved);
      for (const stored of saved) current.set(stored.ticket.id, stored);
      return current;
    }
    relay.recheck(changes.map(({ ticket }) => ticket.id));
    current = await store.load(ids);
  }
  throw new ContentionError(`${ids.length === 1 ? 'the ticket is' : 'tickets are'} changed too often`);
}
