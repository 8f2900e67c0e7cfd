import type { ListTicketsRequest } from '@tributary/contracts';
import { ticketState } from '../contracts/enums.ts';
import { termsOfQuery } from '../domain/search-terms.ts';
import type { TicketState } from '../domain/ticket.ts';
import type { TicketFilter } from '../ports.ts';
import type { RequestFields } from './request-fields.ts';

type FilterFields = Omit<ListTicketsRequest, 'pageSize' | 'pageToken'>;

/** What a list or search is narrowed to. */
export function filterOf(fields: RequestFields, request: FilterFields | undefined): TicketFilter {
  if (request === undefined) return {};
  const states = fields
    .items('states', request.states, { max: 10 })
    .map((state, i) => {
      if (state === 0) fields.refuse(`states[${i}]`, 'must not be UNSPECIFIED');
      return fields.word(`states[${i}]`, state, ticketState);
    })
    .filter((state): state is TicketState => state !== undefined);
  const { ownerId, region, channel, customerId, queue, unassigned } = request;
  if (unassigned && ownerId !== '') fields.refuse('unassigned', 'cannot be true together with owner_id');
  return {
    ...(states.length > 0 && { states }),
    ...(ownerId !== '' && { ownerId }),
    ...(region !== '' && { region }),
    ...(channel !== '' && { channel }),
    ...(customerId !== '' && { customerId }),
    ...(queue !== '' && { queue }),
    ...(unassigned && { unassigned }),
  };
}

/** The terms of a query; refuses one that holds no word. */
export function searchTerms(fields: RequestFields, query: string): string[] {
  fields.text('query', query, { min: 1, max: 1000 });
  const terms = termsOfQuery(query.slice(0, 1000));
  if (terms.length === 0) {
    fields.refuse('query', 'must hold a word of two or more letters or digits, a ticket number or an address');
  }
  if (terms.length > 50) fields.refuse('query', 'must hold at most 50 words');
  return terms;
}
