import type { StatementSync } from 'node:sqlite';
import type { Index } from '../language/index-spec.ts';
import { type JsonDocument, maxDocumentCharacters } from '../language/json.ts';
import { RefusedError } from '../refused-error.ts';
import type { Database } from './database.ts';
import type { DocumentCache, Row } from './document-cache.ts';
import { addElement, removeElement } from './elements-table.ts';
import type { OrderTerm, Plan } from './plan.ts';
import { array, type ColumnValue, elements, partialKeyColumn, type Schema, type Slot } from './schema.ts';

/** The rows of one collection: documents as JSON text, with a column for each indexed path. Used inside `Database.write` to write. */
export class Table {
  readonly schema: Schema;
  readonly #database: Database;
  readonly #cache: DocumentCache;
  readonly #statements = new Map<string, StatementSync>();
  /** The statements of every document, made once: looking them up by their text would cost more than a tenth of a write. */
  #frequent:
    | { readonly get: StatementSync; readonly insert: StatementSync; readonly update: StatementSync }
    | undefined;

  constructor(database: Database, schema: Schema, cache: DocumentCache) {
    this.#database = database;
    this.schema = schema;
    this.#cache = cache;
  }

  /** Forgets what it knows of the file. */
  reload(): void {
    this.#cache.clear();
    this.#statements.clear();
    this.#frequent = undefined;
    this.schema.load(this.#database.connection);
  }

  row(id: string): Row | undefined {
    const cached = this.#cache.get(id);
    if (cached !== undefined) return cached;
    const found = this.#statement('get').get(id);
    if (found === undefined) return undefined;
    const [rowid, text] = found as unknown as [number, string];
    return this.#remember(rowid, JSON.parse(text) as JsonDocument, text.length);
  }

  /** The rows that any of the plans finds, in order. Nothing may be written before the iteration ends. */
  *select(plans: readonly Plan[], order: readonly OrderTerm[], limit: number): Generator<Row, void, undefined> {
    const found = this.#prepare(`${this.#selectSql(plans, order)}${Number.isFinite(limit) ? ' LIMIT ?' : ''}`);
    const parameters = plans.flatMap((plan) => plan.parameters);
    for (const row of found.iterate(...parameters, ...(Number.isFinite(limit) ? [limit] : []))) {
      const [rowid, id, text] = row as unknown as [number, string, string];
      yield this.#cache.get(id) ?? { rowid, document: JSON.parse(text) as JsonDocument, characters: text.length };
    }
  }

  count(plan: Plan): number {
    const sql = `SELECT count(*) FROM ${this.schema.table} WHERE ${plan.where}`;
    return (this.#prepare(sql).get(...plan.parameters) as unknown as [number])[0];
  }

  /** How SQLite would run a select, in its own words. */
  explain(plans: readonly Plan[], order: readonly OrderTerm[]): string[] {
    return this.#database.connection
      .prepare(`EXPLAIN QUERY PLAN ${this.#selectSql(plans, order)} LIMIT 10`)
      .all(...plans.flatMap((plan) => plan.parameters))
      .map((row) => String(row['detail']));
  }

  /** Keeps a row that was selected, for it will be used again. */
  remember(row: Row): void {
    this.#cache.set(row.document._id, row);
  }

  /** @returns the unique index that refused it, `_id` for the id; undefined when it is in. */
  insert(document: JsonDocument): string | undefined {
    const text = jsonText(document);
    const values = this.schema.slots.map((slot) => this.#valueOf(slot, document));
    const { changes, lastInsertRowid } = this.#statement('insert').run(document._id, ...values, text);
    if (changes === 0) return this.row(document._id) === undefined ? this.#conflict(document) : '_id';
    const rowid = Number(lastInsertRowid);
    for (const index of this.schema.multikeyIndexes) this.#addElements(index, rowid, elements(document, index));
    this.#database.touch(this, document._id);
    this.#remember(rowid, document, text.length);
    return undefined;
  }

  /** @returns the unique index that refused it; undefined when it is done. */
  update(before: Row, document: JsonDocument): string | undefined {
    const { rowid } = before;
    const text = jsonText(document);
    let assignments = '';
    const values: ColumnValue[] = [];
    for (const slot of this.schema.slots) {
      // Parts of a document that an update did not change are shared with the one before.
      if (slot.fields.every((field) => document[field] === before.document[field])) continue;
      const value = this.#valueOf(slot, document);
      if (sameColumnValue(value, this.#valueOf(slot, before.document))) continue;
      assignments += `, ${slot.name} = ?`;
      values.push(value);
    }
    const statement =
      values.length === 0
        ? this.#statement('update')
        : this.#prepare(`UPDATE OR IGNORE ${this.schema.table} SET doc = ?${assignments} WHERE rowid = ?`);
    const { changes } = statement.run(text, ...values, rowid);
    if (changes === 0) return this.#conflict(document);
    for (const index of this.schema.multikeyIndexes) {
      const field = index.keys[0]?.path.segments[0] as string;
      if (document[field] === before.document[field]) continue;
      const oldElements = elements(before.document, index);
      const newElements = elements(document, index);
      this.#removeElements(index, rowid, oldElements.difference(newElements));
      this.#addElements(index, rowid, newElements.difference(oldElements));
    }
    this.#database.touch(this, document._id);
    this.#remember(rowid, document, text.length);
    return undefined;
  }

  delete({ rowid, document }: Row): void {
    this.#prepare(`DELETE FROM ${this.schema.table} WHERE rowid = ?`).run(rowid);
    for (const index of this.schema.multikeyIndexes) this.#removeElements(index, rowid, elements(document, index));
    this.#database.touch(this, document._id);
    this.#cache.delete(document._id);
  }

  /** Fills the columns and the side tables anew, after indexes were added. @throws RefusedError when a unique key has duplicates. */
  rebuild(): void {
    const { table, slots } = this.schema;
    const next = this.#prepare(`SELECT rowid, doc FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT 100`);
    const assignments = slots.map(({ name }) => `${name} = ?`).join(', ');
    let rows: [number, string][];
    let last = 0;
    do {
      rows = next.all(last) as unknown as [number, string][];
      for (const [rowid, text] of rows) {
        const document = JSON.parse(text) as JsonDocument;
        const values = slots.map((slot) => this.#valueOf(slot, document));
        if (slots.length > 0) this.#prepare(`UPDATE ${table} SET ${assignments} WHERE rowid = ?`).run(...values, rowid);
        for (const index of this.schema.multikeyIndexes) this.#addElements(index, rowid, elements(document, index));
        last = rowid;
      }
    } while (rows.length > 0);
  }

  /** @throws RefusedError when an array is where a unique key is. */
  #valueOf(slot: Slot, document: JsonDocument): ColumnValue {
    const value = slot.valueOf(document);
    if (value !== array) return value;
    const { column } = slot;
    const index = this.schema.uniqueIndexes.find(({ keys }) => keys.some(({ path }) => path === column?.path));
    if (index !== undefined)
      throw new RefusedError(column?.path.text ?? '', `is in the unique index ${index.name} and may hold no array`);
    if (column !== undefined && !column.arrays) {
      column.arrays = true;
      this.schema.save(this.#database.connection);
    }
    return null;
  }

  /** Which unique index refuses a document. */
  #conflict(document: JsonDocument): string {
    const { slots } = this.schema;
    const isTaken = (names: readonly string[]) => {
      const values = names.map((name) => {
        const slot = slots.find((one) => one.name === name);
        return slot === undefined ? document._id : this.#valueOf(slot, document);
      });
      const sql = `SELECT 1 FROM ${this.schema.table} WHERE ${names.map((name) => `${name} = ?`).join(' AND ')} AND _id <> ?`;
      return this.#prepare(sql).get(...values, document._id) !== undefined;
    };
    const index = this.schema.uniqueIndexes.find(
      (unique) =>
        isTaken(unique.keys.map(({ path }) => this.schema.columns.get(path.text)?.name ?? '_id')) ||
        isTaken([partialKeyColumn(unique)]),
    );
    if (index === undefined)
      throw new Error(`SQLite refused ${document._id} in ${this.schema.collection} without a reason`);
    return index.name;
  }

  #selectSql(plans: readonly Plan[], order: readonly OrderTerm[]): string {
    // SQLite merges only by what it has selected.
    const columns = ['rowid', '_id', 'doc', ...(plans.length > 1 ? order.map(({ column }) => column) : [])].join(', ');
    const parts = plans.map(({ where }) => `SELECT ${columns} FROM ${this.schema.table} WHERE ${where}`);
    const terms = order.map(({ column, direction }) => `${column} ${direction}`).join(', ');
    return `${parts.join(' UNION ALL ')}${terms && ` ORDER BY ${terms}`}`;
  }

  #addElements(index: Index, rowid: number, added: ReadonlySet<number | string>): void {
    if (added.size === 0) return;
    const statement = this.#prepare(addElement(this.schema, index));
    for (const element of added) statement.run(rowid, element);
  }

  #removeElements(index: Index, rowid: number, removed: ReadonlySet<number | string>): void {
    if (removed.size === 0) return;
    const statement = this.#prepare(removeElement(this.schema, index));
    for (const element of removed) statement.run(rowid, element);
  }

  #remember(rowid: number, document: JsonDocument, characters: number): Row {
    const row: Row = { rowid, document, characters };
    this.#cache.set(document._id, row);
    return row;
  }

  #statement(name: 'get' | 'insert' | 'update'): StatementSync {
    if (this.#frequent === undefined) {
      const { table, slots } = this.schema;
      const names = ['_id', ...slots.map((slot) => slot.name), 'doc'];
      const places = names.map(() => '?').join(', ');
      this.#frequent = {
        get: this.#prepare(`SELECT rowid, doc FROM ${table} WHERE _id = ?`),
        insert: this.#prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${places}) ON CONFLICT DO NOTHING`),
        update: this.#prepare(`UPDATE ${table} SET doc = ? WHERE rowid = ?`),
      };
    }
    return this.#frequent[name];
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    // Shapes of filters come from code; a bound all the same, for a statement holds memory outside the heap.
    if (this.#statements.size >= 500) this.#statements.clear();
    const statement = this.#database.connection.prepare(sql);
    statement.setReturnArrays(true);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function jsonText(document: JsonDocument): string {
  const text = JSON.stringify(document);
  if (text.length > maxDocumentCharacters)
    throw new RefusedError(document._id, `a document may have at most ${maxDocumentCharacters} characters of JSON`);
  return text;
}

function sameColumnValue(a: ColumnValue | undefined, b: ColumnValue | undefined): boolean {
  if (a === b) return true;
  return a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0;
}
