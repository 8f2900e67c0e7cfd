import type { FindOptions, Sort } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import { type Path, parsePath } from './filter.ts';
import { cloneJson, isObject, type Json, type JsonDocument, type JsonObject, setField } from './json.ts';
import { someValue } from './match.ts';
import { compareJson } from './order.ts';

export interface SortKey {
  readonly path: Path;
  readonly direction: 1 | -1;
}

export interface Listing {
  readonly sort: readonly SortKey[];
  readonly skip: number;
  /** Infinity when there is none. */
  readonly limit: number;
  /** Makes the caller's own copy of a document. */
  readonly project: (document: JsonDocument) => JsonObject;
}

/** Checks the options of a find. @throws RefusedError naming the option. */
export function parseListing({ sort = {}, skip = 0, limit, projection }: FindOptions): Listing {
  if (!Number.isInteger(skip) || skip < 0) throw new RefusedError('skip', 'takes a whole number from 0');
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1))
    throw new RefusedError('limit', 'takes a whole number from 1');
  return {
    sort: parseSort(sort),
    skip,
    limit: limit ?? Number.POSITIVE_INFINITY,
    project: parseProjection(projection),
  };
}

export function parseSort(sort: Sort): readonly SortKey[] {
  return Object.entries(sort).map(([field, direction]) => {
    if (direction !== 1 && direction !== -1) throw new RefusedError(`sort.${field}`, 'takes 1 or -1');
    return { path: parsePath(field, `sort.${field}`), direction };
  });
}

/** The order of a sort. An array counts by its least element when ascending, by its greatest when descending. */
export function comparator(sort: readonly SortKey[]): (a: JsonObject, b: JsonObject) => number {
  return (a, b) => {
    for (const { path, direction } of sort) {
      const order = compareJson(sortValue(a, path, direction), sortValue(b, path, direction));
      if (order !== 0) return order * direction;
    }
    return 0;
  };
}

function sortValue(document: JsonObject, path: Path, direction: 1 | -1): Json | undefined {
  const values: (Json | undefined)[] = [];
  someValue(document, path.segments, (value) => {
    if (Array.isArray(value)) values.push(...value);
    else values.push(value);
    return false;
  });
  return values.sort((a, b) => compareJson(a, b) * direction)[0];
}

/** A tree of field names; an empty one is the end of a path. */
type Tree = Map<string, Tree>;

function parseProjection(projection: FindOptions['projection']): Listing['project'] {
  const fields = Object.entries(projection ?? {});
  if (fields.length === 0) return cloneJson;
  const tree: Tree = new Map();
  const mode = fields.find(([field]) => field !== '_id')?.[1] ?? 1;
  for (const [field, value] of fields) {
    const where = `projection.${field}`;
    if (value !== 0 && value !== 1) throw new RefusedError(where, 'takes 0 or 1');
    if (field === '_id' && value === 0) throw new RefusedError(where, '_id always comes along');
    if (value !== mode) throw new RefusedError(where, '0 and 1 are never mixed');
    let at = tree;
    for (const segment of parsePath(field, where).segments) {
      const next: Tree = at.get(segment) ?? new Map();
      at.set(segment, next);
      at = next;
    }
  }
  if (mode === 1) tree.set('_id', new Map());
  return (document) => (mode === 1 ? included(document, tree) : excluded(document, tree)) as JsonObject;
}

function included(value: JsonObject, tree: Tree): JsonObject {
  const copy: Record<string, Json> = {};
  for (const field in value) {
    const below = tree.get(field);
    if (below === undefined) continue;
    const inner = value[field] as Json;
    if (below.size === 0) setField(copy, field, cloneJson(inner));
    else if (isObject(inner)) setField(copy, field, included(inner, below));
    else if (Array.isArray(inner)) copy[field] = inner.filter(isObject).map((element) => included(element, below));
  }
  return copy;
}

function excluded(value: Json, tree: Tree): Json {
  if (Array.isArray(value)) return value.map((element) => excluded(element, tree));
  if (!isObject(value)) return value;
  const copy: Record<string, Json> = {};
  for (const field in value) {
    const below = tree.get(field);
    const inner = value[field] as Json;
    if (below === undefined) setField(copy, field, cloneJson(inner));
    else if (below.size > 0) copy[field] = excluded(inner, below);
  }
  return copy;
}
