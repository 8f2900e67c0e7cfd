import type { Publication, StoredTicket, TicketStore } from '../ports.ts';
import type { TicketNews } from './relay-events.ts';

/** What the store holds of publications. */
export interface NewsRead {
  newsOf(publication: Publication): TicketNews[];
  /** Publications of the events right before those of this one. */
  previousOf(publication: Publication): string[];
  /** Its tickets that have no event of it. */
  unwrittenOf(publication: Publication): string[];
}

/** Reads what the tickets of these publications have to say. */
export async function readNews(
  publications: readonly Publication[],
  store: Pick<TicketStore, 'load'>,
): Promise<NewsRead> {
  const ids = new Set(publications.flatMap(({ ticketIds }) => ticketIds));
  const stored = await store.load([...ids]);
  const written = ({ id, ticketIds }: Publication) =>
    ticketIds
      .map((ticketId) => stored.get(ticketId))
      .filter((ticket): ticket is StoredTicket => ticket?.events.some((event) => event.publication === id) === true);
  return {
    newsOf: (publication) =>
      written(publication).map(({ ticket, events }) => ({
        ticket,
        events: events.filter((event) => event.publication === publication.id),
      })),
    previousOf: (publication) =>
      written(publication).flatMap(({ events }) => {
        const previous = events[events.findIndex((event) => event.publication === publication.id) - 1];
        return previous === undefined ? [] : [previous.publication];
      }),
    unwrittenOf: (publication) => {
      const found = new Set(written(publication).map(({ ticket }) => ticket.id));
      return publication.ticketIds.filter((id) => !found.has(id));
    },
  };
}
