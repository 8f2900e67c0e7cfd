import {
  afterPosition,
  type Collection,
  decodePageToken,
  encodePageToken,
  type Filter,
  type PageOrder,
  pageSort,
} from '@tributary/docstore';
import type { TicketFilter, TicketPage } from '../ports.ts';
import { fromDocument, type TicketDocument } from './ticket-document.ts';

const newestFirst: PageOrder = { field: 'receivedAtMs', direction: -1 };

/**
 * Newest first. The page token names the last ticket shown, so that pages neither skip nor repeat when tickets come in.
 * @throws InvalidPageTokenError
 */
export async function listTickets(
  collection: Collection<TicketDocument>,
  filter: TicketFilter,
  pageSize: number,
  pageToken: string,
): Promise<TicketPage> {
  const conditions = [...conditionsOf(filter), ...positionOf(pageToken)];
  const documents = await collection.find(conditions.length === 0 ? {} : { $and: conditions }, {
    sort: pageSort(newestFirst),
    limit: pageSize + 1,
    projection: { entries: 0, events: 0, terms: 0, references: 0, idleCommandIds: 0 },
  });
  const page = documents.slice(0, pageSize);
  const last = page.at(-1);
  const isLastPage = documents.length <= pageSize || last === undefined;
  return {
    tickets: page.map(
      (document) =>
        fromDocument({ ...document, entries: [], events: [], terms: [], references: [], idleCommandIds: [] }).ticket,
    ),
    nextPageToken: isLastPage ? '' : encodePageToken(newestFirst, { value: last.receivedAtMs, id: last._id }),
  };
}

function conditionsOf(filter: TicketFilter): Filter[] {
  const conditions: Filter[] = [];
  if (filter.states !== undefined) conditions.push({ state: { $in: filter.states } });
  for (const field of ['ownerId', 'region', 'channel', 'customerId', 'queue'] as const) {
    const value = filter[field];
    if (value !== undefined) conditions.push({ [field]: value });
  }
  if (filter.unassigned === true) conditions.push({ ownerId: '' });
  if (filter.terms !== undefined) conditions.push({ terms: { $all: filter.terms } });
  if (filter.view !== undefined) {
    const { regions, ownerId } = filter.view;
    conditions.push({ $or: [{ region: { $in: regions } }, ...(ownerId === '' ? [] : [{ ownerId }])] });
  }
  return conditions;
}

function positionOf(pageToken: string): Filter[] {
  return pageToken === '' ? [] : [afterPosition(newestFirst, decodePageToken(newestFirst, pageToken))];
}
