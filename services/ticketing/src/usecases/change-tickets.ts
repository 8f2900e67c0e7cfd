import { activeTraceparent } from '@tributary/contracts';
import type { TicketEvent } from '../domain/changes.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { InOrder, Publication, StoredTicket, TicketChange, TicketNumbers, TicketStore } from '../ports.ts';
import type { TicketNews } from './relay-events.ts';

/** What is to happen to one ticket. */
export interface TicketWork {
  readonly ticketId: string;
  /** Decides on the ticket as it is; asked again when the ticket changed before the decision was stored. */
  decide(
    current: StoredTicket | undefined,
    newNumber: () => string,
  ): { readonly ticket: Ticket | undefined; readonly events: readonly TicketEvent[]; readonly idleCommandId?: string };
}

/** Publishes what tickets have to say. */
export interface EventRelay {
  /** Notes durably that these tickets are about to have news. */
  announce(ticketIds: readonly string[]): Promise<Publication>;
  /** Those of the publications that are not finished. */
  unfinished(publicationIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Publishes the events that were written, once the publications they follow are finished. */
  publish(publication: Publication, news: readonly TicketNews[], after: ReadonlySet<string>): void;
  /** Takes back the note: nothing of it was written. */
  cancel(publication: Publication): Promise<void>;
  /** Publishes what is found written of a publication. `isTakenOver`: by a replica that may have crashed over it. */
  recover(publication: Publication, options: { readonly isTakenOver: boolean }): void;
}

export interface ChangeDependencies {
  readonly store: TicketStore;
  readonly relay: EventRelay;
  readonly numbers: TicketNumbers;
  readonly inOrder: InOrder;
}

/** A ticket that is changed by others all the time could not be changed. Trying again later may succeed. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
}

const maxAttempts = 100;

/**
 * Changes tickets: decides on each as it is, writes all in one bulk write, and decides anew when others were faster.
 * @param known The tickets as read before; read here when absent.
 * @param reserved Numbers for tickets that begin, allocated before; more are allocated here when they do not suffice.
 * @returns the tickets as they are afterwards.
 * @throws ContentionError, and whatever a decision throws: then nothing is written, unless others changed tickets meanwhile.
 */
export async function changeTickets(
  works: readonly TicketWork[],
  { store, relay, numbers, inOrder }: ChangeDependencies,
  known?: ReadonlyMap<string, StoredTicket>,
  reserved: readonly string[] = [],
): Promise<Map<string, StoredTicket>> {
  const ids = works.map(({ ticketId }) => ticketId);
  const traceparent = activeTraceparent();
  const traced = (event: TicketEvent) => (traceparent === undefined ? event : { traceparent, ...event });
  let current = new Map(known ?? (await store.load(ids)));
  const block = [...reserved];
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const missing = ids.filter((id) => !current.has(id)).length - block.length;
    if (missing > 0) block.push(...(await numbers.allocate(missing)));
    const newNumber = () => {
      const number = block.shift();
      if (number === undefined) throw new Error('a ticket takes at most one number');
      return number;
    };
    const changes: TicketChange[] = [];
    for (const work of works) {
      const before = current.get(work.ticketId);
      const { ticket, events: decided, idleCommandId } = work.decide(before, newNumber);
      const events = decided.map(traced);
      if (ticket === undefined || (events.length === 0 && idleCommandId === undefined)) continue;
      changes.push({ before, ticket, events, ...(idleCommandId !== undefined && { idleCommandId }) });
    }
    if (changes.length === 0) return current;
    const saved = await saveAndPublish(changes, { store, relay, inOrder });
    if (saved !== undefined) {
      for (const stored of saved) current.set(stored.ticket.id, stored);
      return current;
    }
    current = await store.load(ids);
  }
  throw new ContentionError(`${ids.length === 1 ? 'the ticket is' : 'tickets are'} changed too often`);
}

/** Undefined when at least one ticket was changed by others meanwhile. */
async function saveAndPublish(
  changes: readonly TicketChange[],
  { store, relay, inOrder }: Pick<ChangeDependencies, 'store' | 'relay' | 'inOrder'>,
): Promise<StoredTicket[] | undefined> {
  const news = changes.filter(({ events }) => events.length > 0);
  if (news.length === 0) return store.save(changes);
  const previous = new Set(
    news.map(({ before }) => before?.events.at(-1)?.publication ?? '').filter((id) => id !== ''),
  );
  // The note first: a crash leaves no ticket without it. What is published is durable.
  const { publication, after, saved } = await inOrder(async () => {
    const [note, awaited] = await Promise.all([
      relay.announce(news.map(({ ticket }) => ticket.id)),
      relay.unfinished([...previous]),
    ]);
    return { publication: note, after: awaited, saved: await store.save(changes, note.id) };
  });
  // Of several some may be written. When the write throws, the note's lease runs out and leads to the same.
  if (saved !== undefined) relay.publish(publication, news, after);
  else if (changes.length > 1) relay.recover(publication, { isTakenOver: false });
  else await relay.cancel(publication);
  return saved;
}
