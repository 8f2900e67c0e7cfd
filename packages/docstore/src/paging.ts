import type { Collection, Document, Filter, Sort } from './port.ts';

/** What a listing is sorted by: a field that holds a string or a number in every document, and the id among equals. */
export interface PageOrder {
  readonly field: string;
  readonly direction: 1 | -1;
}

/** Where a page ends. */
export interface PagePosition {
  readonly value: string | number;
  readonly id: string;
}

/** A page token that this listing did not make. The message is fit for the caller of an API. */
export class InvalidPageTokenError extends Error {
  override readonly name = 'InvalidPageTokenError';
}

/** The sort of a listing in pages. Its index has the same keys. */
export function pageSort({ field, direction }: PageOrder): Sort {
  return field === '_id' ? { _id: direction } : { [field]: direction, _id: direction };
}

/** An opaque token for a position. It is not secret and not signed: it holds the last document's sort value and id. */
export function encodePageToken({ field, direction }: PageOrder, { value, id }: PagePosition): string {
  return Buffer.from(JSON.stringify([field, direction, value, id])).toString('base64url');
}

/** @throws InvalidPageTokenError when it is no token, or one of a listing in another order. */
export function decodePageToken({ field, direction }: PageOrder, token: string): PagePosition {
  const parts = parseToken(token);
  const [ofField, ofDirection, value, id] = parts;
  const isPosition = (typeof value === 'string' || Number.isFinite(value)) && typeof id === 'string' && id !== '';
  if (parts.length !== 4 || !isPosition) throw new InvalidPageTokenError('the page token is not one of ours');
  if (ofField !== field || ofDirection !== direction)
    throw new InvalidPageTokenError('the page token belongs to a listing in another order');
  return { value: value as string | number, id };
}

function parseToken(token: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : [];
  } catch {
    return [];
  }
}

/** The filter of what comes after a position. The outer range lets an index start there instead of at the beginning. */
export function afterPosition({ field, direction }: PageOrder, { value, id }: PagePosition): Filter {
  const beyond = direction === 1 ? '$gt' : '$lt';
  if (field === '_id') return { _id: { [beyond]: id } };
  return { [field]: { [`${beyond}e`]: value }, $or: [{ [field]: { [beyond]: value } }, { _id: { [beyond]: id } }] };
}

export interface Page<T> {
  readonly documents: readonly T[];
  /** For the next page; absent on the last one. */
  readonly nextPageToken?: string;
}

/**
 * One page of a listing. What is inserted or changed between two pages moves no other document from one page to another:
 * a document that keeps its sort value is listed exactly once.
 * @throws InvalidPageTokenError
 */
export async function findPage<T extends Document>(
  collection: Collection<T>,
  filter: Filter,
  { order, pageSize, pageToken }: { readonly order: PageOrder; readonly pageSize: number; readonly pageToken?: string },
): Promise<Page<T>> {
  const here =
    pageToken === undefined || pageToken === ''
      ? filter
      : { $and: [filter, afterPosition(order, decodePageToken(order, pageToken))] };
  // One more than asked for tells whether there is a next page.
  const found = await collection.find(here, { sort: pageSort(order), limit: pageSize + 1 });
  const documents = found.slice(0, pageSize);
  const last = documents.at(-1);
  if (found.length <= pageSize || last === undefined) return { documents };
  return { documents, nextPageToken: encodePageToken(order, positionOf(last, order)) };
}

function positionOf(document: Document, { field }: PageOrder): PagePosition {
  const value = field
    .split('.')
    .reduce<unknown>((at, segment) => (at as Record<string, unknown> | undefined)?.[segment], document);
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new TypeError(`${document._id} cannot be listed by ${field}: it holds neither a string nor a number`);
  return { value, id: document._id };
}
