import type { DatabaseSync } from 'node:sqlite';
import { type Index, parseIndexSpec } from '../language/index-spec.ts';
import type { IndexSpec } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import type { Database } from './database.ts';
import { createElementsTable } from './elements-table.ts';
import { partialKeyColumn, quote, type Schema } from './schema.ts';
import type { Table } from './table.ts';

/**
 * Makes the table and the indexes that are not there yet, with their contents, in one step.
 * @throws RefusedError when an index of this name has other keys, or when documents break a new unique key.
 */
export async function ensureIndexes(database: Database, table: Table, specs: readonly IndexSpec[]): Promise<void> {
  const wanted = specs.map(parseIndexSpec);
  const { schema } = table;
  database.beforeRead();
  if (schema.load(database.connection) && wanted.every((index) => isKnown(index, schema))) return;
  await database.write(() => {
    database.connection.exec('SAVEPOINT indexes');
    try {
      makeMissing(database.connection, table, wanted);
      database.connection.exec('RELEASE indexes');
    } catch (error) {
      database.connection.exec('ROLLBACK TO indexes; RELEASE indexes');
      throw error;
    } finally {
      table.reload();
    }
  });
}

function makeMissing(connection: DatabaseSync, table: Table, wanted: readonly Index[]): void {
  const { schema } = table;
  // Another process may have made it while this one waited for the lock.
  const isThere = schema.load(connection);
  const missing = wanted.filter((index) => !isKnown(index, schema));
  const columns = missing.flatMap((index) => newColumns(schema, index));
  if (isThere) {
    for (const column of columns) connection.exec(`ALTER TABLE ${schema.table} ADD COLUMN ${column}`);
  } else {
    // The columns stand before the document: what lies behind a long text is slow to reach.
    const all = ['rowid INTEGER PRIMARY KEY', '_id TEXT NOT NULL UNIQUE', ...columns, 'doc TEXT NOT NULL'];
    connection.exec(`CREATE TABLE ${schema.table} (${all.join(', ')})`);
  }
  for (const index of missing) {
    schema.indexes.set(index.name, index);
    if (index.multikey) connection.exec(createElementsTable(schema, index));
  }
  schema.save(connection);
  if (isThere) table.rebuild();
  for (const index of missing) if (!index.multikey) createIndex(connection, schema, index);
}

function isKnown(wanted: Index, schema: Schema): boolean {
  const known = schema.indexes.get(wanted.name);
  if (known === undefined) return false;
  const describe = ({ keys, unique, multikey }: Index) =>
    JSON.stringify([keys.map(({ path, direction }) => [path.text, direction]), unique, multikey !== false]);
  if (describe(known) !== describe(wanted))
    throw new RefusedError(wanted.name, `${schema.collection} has an index of this name with other keys or options`);
  // One that is laid out in another way is made anew.
  return known.multikey === wanted.multikey;
}

/** The columns an index needs that are not there yet; the schema learns of them. */
function newColumns(schema: Schema, index: Index): string[] {
  const names: string[] = [];
  const keys = index.multikey ? index.keys.slice(1) : index.keys;
  for (const { path } of keys) {
    if (path.text === '_id' || schema.columns.has(path.text)) continue;
    const name = quote(`$${path.text}`);
    schema.columns.set(path.text, { path, name, arrays: false });
    names.push(name);
  }
  if (index.unique) names.push(partialKeyColumn(index));
  return names;
}

function createIndex(connection: DatabaseSync, schema: Schema, index: Index): void {
  const columns = index.keys.map(({ path, direction }) => {
    const column = path.text === '_id' ? '_id' : schema.columns.get(path.text)?.name;
    return `${column} ${direction === 1 ? 'ASC' : 'DESC'}`;
  });
  const create = (name: string, on: string) => {
    const unique = index.unique ? 'UNIQUE ' : '';
    connection.exec(`CREATE ${unique}INDEX ${quote(`${schema.collection}.${name}`)} ON ${schema.table} ${on}`);
  };
  try {
    create(index.name, `(${columns.join(', ')})`);
    if (!index.unique) return;
    const partial = partialKeyColumn(index);
    create(`${index.name} partial`, `(${partial}) WHERE ${partial} IS NOT NULL`);
  } catch (error) {
    if ((error as { errcode?: unknown }).errcode !== constraintUnique) throw error;
    throw new RefusedError(index.name, `documents in ${schema.collection} have the same values already`);
  }
}

/** SQLITE_CONSTRAINT_UNIQUE. */
const constraintUnique = 2067;
