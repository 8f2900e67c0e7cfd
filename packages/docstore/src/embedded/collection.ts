import { type Clause, idOf, parseFilter } from '../language/filter.ts';
import { cloneJson, copyDocument, type JsonDocument } from '../language/json.ts';
import { comparator, parseListing, parseSort, type SortKey } from '../language/listing.ts';
import { matches } from '../language/match.ts';
import { applyUpdate, checkUpsert, parseUpdate, type Step, upsertedDocument } from '../language/update.ts';
import {
  type BulkWriteResult,
  type Collection,
  type Document,
  DuplicateKeyError,
  type Filter,
  type FindOneAndUpdateOptions,
  type FindOptions,
  type Update,
  type WriteOperation,
} from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import type { Database } from './database.ts';
import type { Row } from './document-cache.ts';
import { planFilter, planMerged, planSort } from './plan.ts';
import type { Table } from './table.ts';

/** What one update did. */
interface UpdateOutcome {
  readonly before?: JsonDocument;
  readonly after?: JsonDocument;
  /** The unique index that refused it. */
  readonly duplicate?: string;
}

/** A write, checked and taken apart. Returns the counts to add, or the index of a unique key that refused it. */
type PreparedWrite = () =>
  | Partial<Record<'inserted' | 'matched' | 'modified' | 'upserted' | 'deleted', number>>
  | string;

/** A collection on one table. The documents it returns are the caller's own copies. */
export class EmbeddedCollection<T extends Document> implements Collection<T> {
  readonly #database: Database;
  readonly #table: Table;

  constructor(database: Database, table: Table) {
    this.#database = database;
    this.#table = table;
  }

  async insertOne(document: T): Promise<void> {
    const copy = copyDocument(document);
    await this.#database.write(() => this.#refuseDuplicate(this.#table.insert(copy)));
  }

  async findOne(filter: Filter, options: FindOptions = {}): Promise<T | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 });
    return document;
  }

  async find(filter: Filter, options: FindOptions = {}): Promise<T[]> {
    const clauses = parseFilter(filter, 'leave out');
    const listing = parseListing(options);
    this.#database.beforeRead();
    const rows = this.#select(clauses, listing);
    const documents = rows.map((row) => listing.project(row.document));
    // What is shown must not vanish in a crash.
    const settled = this.#database.settled(
      this.#table,
      rows.map((row) => row.document._id),
    );
    if (settled !== undefined) await settled;
    return documents as unknown[] as T[];
  }

  async count(filter: Filter): Promise<number> {
    const clauses = parseFilter(filter, 'leave out');
    this.#database.beforeRead();
    const plan = planFilter(clauses, this.#table.schema);
    if (plan.exact) return this.#table.count(plan);
    let count = 0;
    for (const row of this.#table.select([plan], [], Number.POSITIVE_INFINITY))
      if (matches(clauses, row.document)) count++;
    return count;
  }

  async updateOne(filter: Filter, update: Update, { upsert = false } = {}) {
    const { clauses, steps } = parseWrite(filter, update, upsert);
    return this.#database.write(() => {
      const { before, after, duplicate } = this.#update(clauses, steps, upsert, []);
      this.#refuseDuplicate(duplicate);
      return {
        matched: Number(before !== undefined),
        modified: Number(before !== undefined && before !== after),
        upserted: Number(before === undefined && after !== undefined),
      };
    });
  }

  async findOneAndUpdate(filter: Filter, update: Update, options: FindOneAndUpdateOptions = {}) {
    const { upsert = false, returnDocument = 'after' } = options;
    const { clauses, steps } = parseWrite(filter, update, upsert);
    const sort = parseSort(options.sort ?? {});
    return this.#database.write(() => {
      const { before, after, duplicate } = this.#update(clauses, steps, upsert, sort);
      this.#refuseDuplicate(duplicate);
      const document = returnDocument === 'before' ? before : after;
      return document && (cloneJson(document) as unknown as T);
    });
  }

  async deleteOne(filter: Filter) {
    const clauses = parseFilter(filter, 'refuse');
    return this.#database.write(() => ({ deleted: this.#delete(clauses) }));
  }

  async bulkWrite(operations: readonly WriteOperation<T>[]): Promise<BulkWriteResult> {
    const prepared = operations.map((operation) => this.#prepare(operation));
    if (prepared.length === 0) return { inserted: 0, matched: 0, modified: 0, upserted: 0, deleted: 0, duplicates: [] };
    return this.#database.write(() => {
      const sums = { inserted: 0, matched: 0, modified: 0, upserted: 0, deleted: 0 };
      const duplicates: number[] = [];
      const refusals: unknown[] = [];
      for (const [index, write] of prepared.entries()) {
        try {
          const outcome = write();
          if (typeof outcome === 'string') duplicates.push(index);
          else for (const name in outcome) sums[name as keyof typeof sums] += outcome[name as keyof typeof sums] ?? 0;
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
          refusals.push(error);
        }
      }
      if (refusals.length > 0) throw refusals[0];
      return { ...sums, duplicates };
    });
  }

  /** How SQLite would run a find. */
  explain(filter: Filter, options: FindOptions = {}): readonly string[] {
    const { sort } = parseListing(options);
    const { schema } = this.#table;
    const clauses = parseFilter(filter, 'leave out');
    return this.#table.explain(planMerged(clauses, sort, schema), planSort(sort, schema) ?? []);
  }

  #prepare(operation: WriteOperation<T>): PreparedWrite {
    if ('insertOne' in operation) {
      const document = copyDocument(operation.insertOne.document);
      return () => this.#table.insert(document) ?? { inserted: 1 };
    }
    if ('deleteOne' in operation) {
      const clauses = parseFilter(operation.deleteOne.filter, 'refuse');
      return () => ({ deleted: this.#delete(clauses) });
    }
    const { filter, update, upsert = false } = operation.updateOne;
    const { clauses, steps } = parseWrite(filter, update, upsert);
    return () => {
      const { before, after, duplicate } = this.#update(clauses, steps, upsert, []);
      if (duplicate !== undefined) return duplicate;
      if (before === undefined) return { upserted: Number(after !== undefined) };
      return { matched: 1, modified: Number(after !== before) };
    };
  }

  #update(
    clauses: readonly Clause[],
    steps: readonly Step[],
    upsert: boolean,
    sort: readonly SortKey[],
  ): UpdateOutcome {
    const [row] = this.#select(clauses, { sort, skip: 0, limit: 1 });
    if (row !== undefined) {
      const after = applyUpdate(row.document, steps);
      const duplicate = after === row.document ? undefined : this.#table.update(row, after);
      return duplicate === undefined ? { before: row.document, after } : { duplicate };
    }
    if (!upsert) return {};
    const after = upsertedDocument(clauses, steps);
    const duplicate = this.#table.insert(after);
    return duplicate === undefined ? { after } : { duplicate };
  }

  #delete(clauses: readonly Clause[]): number {
    const [row] = this.#select(clauses, { sort: [], skip: 0, limit: 1 });
    if (row === undefined) return 0;
    this.#table.delete(row);
    return 1;
  }

  #select(
    clauses: readonly Clause[],
    { sort, skip, limit }: { readonly sort: readonly SortKey[]; readonly skip: number; readonly limit: number },
  ): Row[] {
    const byIds = this.#rowsByIds(clauses);
    if (byIds !== undefined) {
      if (sort.length > 0 && byIds.length > 1) sortRows(byIds, sort);
      return skip === 0 && byIds.length <= limit ? byIds : byIds.slice(skip, skip + limit);
    }
    const { schema } = this.#table;
    const order = planSort(sort, schema);
    const inOrder = order !== undefined;
    const plans = planMerged(clauses, sort, schema);
    const exact = plans.every((plan) => plan.exact);
    const enough = inOrder ? skip + limit : Number.POSITIVE_INFINITY;
    const rows: Row[] = [];
    for (const row of this.#table.select(plans, order ?? [], exact ? enough : Number.POSITIVE_INFINITY)) {
      if (!exact && !matches(clauses, row.document)) continue;
      rows.push(row);
      if (rows.length >= enough) break;
    }
    if (!inOrder) sortRows(rows, sort);
    const selected = skip === 0 && rows.length <= limit ? rows : rows.slice(skip, skip + limit);
    for (const row of selected) this.#table.remember(row);
    return selected;
  }

  /** The rows of a filter that names ids; undefined when it does not. */
  #rowsByIds(clauses: readonly Clause[]): Row[] | undefined {
    const ids = idsOf(clauses);
    if (ids === undefined) return undefined;
    const rows: Row[] = [];
    for (const id of ids) {
      const row = this.#table.row(id);
      if (row !== undefined && (clauses.length === 1 || matches(clauses, row.document))) rows.push(row);
    }
    return rows;
  }

  #refuseDuplicate(index: string | undefined): void {
    if (index !== undefined) throw new DuplicateKeyError(this.#table.schema.collection, index);
  }
}

function parseWrite(filter: Filter, update: Update, upsert: boolean) {
  const clauses = parseFilter(filter, 'refuse');
  const steps = parseUpdate(update);
  if (upsert) checkUpsert(clauses, steps);
  return { clauses, steps };
}

function idsOf(clauses: readonly Clause[]): Iterable<string> | undefined {
  const id = idOf(clauses);
  if (id !== undefined) return [id];
  for (const clause of clauses) {
    if (clause.kind === 'field' && clause.operator === '$in' && clause.path.text === '_id')
      return new Set((clause.operand as readonly unknown[]).filter((one) => typeof one === 'string'));
  }
  return undefined;
}

function sortRows(rows: Row[], sort: readonly SortKey[]): void {
  const compare = comparator(sort);
  rows.sort((a, b) => compare(a.document, b.document));
}
