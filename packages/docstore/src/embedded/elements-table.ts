import type { Index } from '../language/index-spec.ts';
import type { Schema } from './schema.ts';

/**
 * How many rows, as a power of two, have the elements of an index of `many` together. All of them fit into a dozen pages; with the
 * elements of all rows in one order, a row of 80 elements changes 80 pages, each of which is written to the log whole: a fifth of a
 * millisecond became more than one, and the more the larger the table was.
 */
const blockBits = 6;

/** The side table of a multikey index: one row for each element and the row of the collection that owns it. */
export function createElementsTable(schema: Schema, index: Index): string {
  const table = schema.elementsTable(index);
  const block = index.multikey === 'many' ? ['block INTEGER NOT NULL'] : [];
  const key = `PRIMARY KEY (${[...block.map(() => 'block'), 'element', 'owner'].join(', ')})`;
  const columns = [...block, 'element', 'owner INTEGER NOT NULL', key];
  return `DROP TABLE IF EXISTS ${table}; CREATE TABLE ${table} (${columns.join(', ')}) WITHOUT ROWID`;
}

/** Parameters: the owner, the element. */
export function addElement(schema: Schema, index: Index): string {
  const block = index.multikey === 'many' ? `?1 >> ${blockBits}, ` : '';
  return `INSERT OR IGNORE INTO ${schema.elementsTable(index)} VALUES (${block}?2, ?1)`;
}

/** Parameters: the owner, the element. */
export function removeElement(schema: Schema, index: Index): string {
  const block = index.multikey === 'many' ? `block = ?1 >> ${blockBits} AND ` : '';
  return `DELETE FROM ${schema.elementsTable(index)} WHERE ${block}element = ?2 AND owner = ?1`;
}

/** The owners of elements for which a condition is true. Of `many`, every block is asked: half a microsecond each. */
export function ownersOf(schema: Schema, index: Index): (condition: string) => string {
  const table = schema.elementsTable(index);
  if (index.multikey !== 'many') return (condition) => `SELECT owner FROM ${table} WHERE ${condition}`;
  const blocks = `WITH RECURSIVE blocks (number) AS
    (SELECT 0 UNION ALL SELECT number + 1 FROM blocks WHERE number < (SELECT max(block) FROM ${table}))`;
  return (condition) => `${blocks} SELECT owner FROM blocks CROSS JOIN ${table} WHERE block = number AND ${condition}`;
}
