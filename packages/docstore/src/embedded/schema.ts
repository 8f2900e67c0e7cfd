import type { DatabaseSync } from 'node:sqlite';
import { type Path, parsePath } from '../language/filter.ts';
import type { Index } from '../language/index-spec.ts';
import { isObject, type Json, type JsonDocument, ownField } from '../language/json.ts';
import { parseSort, type SortKey } from '../language/listing.ts';
import { someValue } from '../language/match.ts';
import type { IndexSpec } from '../port.ts';

/** A path that some index uses, kept beside the document in a column of its own. */
export interface Column {
  readonly path: Path;
  readonly name: string;
  /** Some document has an array on the path. A column holds one value, so queries cannot rely on this one any more. */
  arrays: boolean;
}

interface StoredSchema {
  readonly columns: readonly { readonly path: string; readonly name: string; readonly arrays: boolean }[];
  readonly indexes: readonly {
    readonly name: string;
    readonly keys: IndexSpec['keys'];
    readonly unique: boolean;
    readonly multikey: boolean | 'many';
  }[];
}

/** What SQLite compares: numbers before text before blobs, which is MongoDB's order of types too. */
export type ColumnValue = number | string | Uint8Array | null;

/** Stands for a value that no column can hold. */
export const array = Symbol('array');

/** A column of the table and how a document fills it. */
export interface Slot {
  readonly name: string;
  /** The document's own fields that it depends on. */
  readonly fields: readonly string[];
  /** Absent for the partial key of a unique index. */
  readonly column?: Column;
  valueOf(document: JsonDocument): ColumnValue | typeof array;
}

interface Derived {
  readonly slots: readonly Slot[];
  readonly unique: readonly Index[];
  readonly multikey: readonly Index[];
}

/** A collection's columns and indexes, as the table `_collections` holds them. */
export class Schema {
  readonly collection: string;
  readonly columns = new Map<string, Column>();
  readonly indexes = new Map<string, Index>();
  /** The table's name in SQL. */
  readonly table: string;
  #derivation: Derived | undefined;

  constructor(collection: string) {
    this.collection = collection;
    this.table = quote(collection);
  }

  /** Reads what the file says. @returns false when it does not know the collection. */
  load(connection: DatabaseSync): boolean {
    const row = connection.prepare('SELECT schema FROM _collections WHERE name = ?').get(this.collection);
    this.columns.clear();
    this.indexes.clear();
    this.#derivation = undefined;
    if (row === undefined) return false;
    const stored = JSON.parse(row['schema'] as string) as StoredSchema;
    for (const { path, name, arrays } of stored.columns)
      this.columns.set(path, { path: parsePath(path, ''), name, arrays });
    for (const { name, keys, unique, multikey } of stored.indexes)
      this.indexes.set(name, { name, keys: parseSort(keys), unique, multikey });
    return true;
  }

  /** Writes what was added to the columns and indexes into the file. */
  save(connection: DatabaseSync): void {
    this.#derivation = undefined;
    const stored: StoredSchema = {
      columns: [...this.columns.values()].map(({ path, name, arrays }) => ({ path: path.text, name, arrays })),
      indexes: [...this.indexes.values()].map(({ name, keys, unique, multikey }) => ({
        name,
        keys: Object.fromEntries(keys.map(({ path, direction }) => [path.text, direction])),
        unique,
        multikey,
      })),
    };
    connection
      .prepare('INSERT INTO _collections VALUES (?, ?) ON CONFLICT DO UPDATE SET schema = excluded.schema')
      .run(this.collection, JSON.stringify(stored));
  }

  /** The side table of a multikey index: one row for each element. */
  elementsTable(index: Index): string {
    return quote(`${this.collection}.${index.name}`);
  }

  /** Everything a row has beside its id and its document. */
  get slots(): readonly Slot[] {
    return this.#derived().slots;
  }

  get multikeyIndexes(): readonly Index[] {
    return this.#derived().multikey;
  }

  get uniqueIndexes(): readonly Index[] {
    return this.#derived().unique;
  }

  /** The SQL name of what a path is compared by, or undefined when SQL cannot compare it rightly. */
  columnOf(path: Path): string | undefined {
    if (path.text === '_id') return '_id';
    const column = this.columns.get(path.text);
    return column === undefined || column.arrays ? undefined : column.name;
  }

  #derived(): Derived {
    if (this.#derivation !== undefined) return this.#derivation;
    const indexes = [...this.indexes.values()];
    const unique = indexes.filter((index) => index.unique);
    const slots: Slot[] = [...this.columns.values()].map((column) => ({
      name: column.name,
      fields: [column.path.segments[0] as string],
      column,
      valueOf: (document) => columnValue(document, column.path),
    }));
    for (const index of unique)
      slots.push({
        name: partialKeyColumn(index),
        fields: index.keys.map(({ path }) => path.segments[0] as string),
        valueOf: (document) => partialKey(document, index),
      });
    this.#derivation = { slots, unique, multikey: indexes.filter(({ multikey }) => multikey !== false) };
    return this.#derivation;
  }
}

/** A path's value for its column, or `array` when it leads to or through one. What is missing and what is null are both NULL. */
function columnValue(document: JsonDocument, { segments }: Path): ColumnValue | typeof array {
  let at: Json | undefined = document;
  for (const segment of segments) {
    if (Array.isArray(at)) return array;
    at = isObject(at) ? ownField(at, segment) : undefined;
  }
  return Array.isArray(at) ? array : encode(at);
}

/** A value as SQLite orders it; objects only as far as a unique key needs. */
export function encode(value: Json | undefined): ColumnValue {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return new Uint8Array([8, Number(value)]);
  if (isObject(value)) return Buffer.from(`\u0003${JSON.stringify(value)}`);
  return Array.isArray(value) ? null : (value as number | string | null);
}

/** What a multikey index holds of a document: every different scalar that its path leads to. */
export function elements(document: JsonDocument, index: Index): ReadonlySet<number | string> {
  const found = new Set<number | string>();
  const add = (value: Json | undefined) => {
    if (typeof value === 'string' || typeof value === 'number') found.add(value);
  };
  const [key] = index.keys;
  someValue(document, (key as SortKey).path.segments, (value) => {
    if (Array.isArray(value)) value.forEach(add);
    else add(value);
    return false;
  });
  return found;
}

/**
 * The key that a unique index must compare itself, because SQLite takes every NULL for different: that of a document with some of the
 * fields missing or null, but not all missing.
 */
function partialKey(document: JsonDocument, { keys }: Index): string | null {
  const values = keys.map(({ path }) =>
    path.segments.reduce<Json | undefined>(
      (at, segment) => (isObject(at) ? ownField(at, segment) : undefined),
      document,
    ),
  );
  const partial =
    values.some((value) => value === undefined || value === null) && values.some((value) => value !== undefined);
  return partial ? JSON.stringify(values.map((value) => value ?? null)) : null;
}

export function partialKeyColumn(index: Index): string {
  return quote(`${index.name} partial`);
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
