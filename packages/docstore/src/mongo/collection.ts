import type { Collection as DriverCollection } from 'mongodb';
import { type Clause, parseFilter } from '../language/filter.ts';
import { cloneJson, copyDocument } from '../language/json.ts';
import { parseListing, parseSort, type SortKey } from '../language/listing.ts';
import { type Step, upsertedDocument } from '../language/update.ts';
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
import { bulkWrite, parseChange, parseWrite, type Stored } from './bulk-write.ts';
import { translateError, untilNoConflict } from './errors.ts';
import { toMongoFilter, toMongoSort, toMongoUpdate } from './request.ts';

/** A collection of MongoDB. Everything is checked before it is sent, so that both adapters refuse alike. */
export class MongoCollection<T extends Document> implements Collection<T> {
  readonly #collection: DriverCollection<Stored>;

  constructor(collection: DriverCollection<Stored>) {
    this.#collection = collection;
  }

  async insertOne(document: T): Promise<void> {
    const copy = copyDocument(document);
    await this.#run(() => this.#collection.insertOne(copy));
  }

  async findOne(filter: Filter, options: FindOptions = {}): Promise<T | undefined> {
    const [document] = await this.find(filter, { ...options, limit: 1 });
    return document;
  }

  async find(filter: Filter, options: FindOptions = {}): Promise<T[]> {
    const mongoFilter = toMongoFilter(parseFilter(filter, 'leave out'));
    const { sort, skip, limit } = parseListing(options);
    const cursor = this.#collection.find(mongoFilter, {
      skip,
      batchSize: 1000,
      ...(sort.length > 0 && { sort: toMongoSort(sort) }),
      ...(Number.isFinite(limit) && { limit }),
      ...(options.projection && { projection: options.projection }),
    });
    return (await this.#run(() => cursor.toArray())) as unknown[] as T[];
  }

  async count(filter: Filter): Promise<number> {
    const mongoFilter = toMongoFilter(parseFilter(filter, 'leave out'));
    return this.#run(() => this.#collection.countDocuments(mongoFilter));
  }

  async updateOne(filter: Filter, update: Update, { upsert = false } = {}) {
    const { clauses, steps } = parseChange(filter, update, upsert);
    return this.#updateOne(clauses, steps, upsert);
  }

  async findOneAndUpdate(filter: Filter, update: Update, options: FindOneAndUpdateOptions = {}) {
    const { upsert = false, returnDocument = 'after' } = options;
    const { clauses, steps } = parseChange(filter, update, upsert);
    const sort = parseSort(options.sort ?? {});
    const change = () => this.#findOneAndUpdate(clauses, steps, sort, returnDocument);
    const found = await change();
    if (found !== undefined || !upsert) return found;
    const outcome = await this.#insertOr(clauses, steps, change);
    if (!('inserted' in outcome)) return outcome.changed;
    return returnDocument === 'after' ? (cloneJson(outcome.inserted) as unknown as T) : undefined;
  }

  async deleteOne(filter: Filter) {
    const mongoFilter = toMongoFilter(parseFilter(filter, 'refuse'));
    const { deletedCount } = await this.#run(() => this.#collection.deleteOne(mongoFilter));
    return { deleted: deletedCount };
  }

  async bulkWrite(operations: readonly WriteOperation<T>[]): Promise<BulkWriteResult> {
    return bulkWrite(this.#collection, operations.map(parseWrite), async ({ clauses, steps }) => {
      try {
        return await this.#updateOne(clauses, steps, true);
      } catch (error) {
        if (error instanceof DuplicateKeyError) return 'duplicate';
        throw error;
      }
    });
  }

  async #updateOne(clauses: readonly Clause[], steps: readonly Step[], upsert: boolean) {
    const change = async () => {
      const { matchedCount, modifiedCount } = await this.#run(() =>
        this.#collection.updateOne(toMongoFilter(clauses), toMongoUpdate(steps)),
      );
      return matchedCount === 0 ? undefined : { matched: matchedCount, modified: modifiedCount, upserted: 0 };
    };
    const changed = await change();
    if (changed !== undefined) return changed;
    if (!upsert) return { matched: 0, modified: 0, upserted: 0 };
    const outcome = await this.#insertOr(clauses, steps, change);
    return 'inserted' in outcome ? { matched: 0, modified: 0, upserted: 1 } : outcome.changed;
  }

  async #findOneAndUpdate(
    clauses: readonly Clause[],
    steps: readonly Step[],
    sort: readonly SortKey[],
    returnDocument: 'before' | 'after',
  ): Promise<T | undefined> {
    const options = { returnDocument, ...(sort.length > 0 && { sort: toMongoSort(sort) }) };
    const found = await this.#run(() =>
      this.#collection.findOneAndUpdate(toMongoFilter(clauses), toMongoUpdate(steps), options),
    );
    return (found ?? undefined) as unknown as T | undefined;
  }

  /**
   * The second half of an upsert, when nothing matched: inserts, or, when another came before with the same key, changes what
   * that one inserted. Not the server's own upsert: of concurrent ones for one id DocumentDB keeps the last and loses the others.
   */
  async #insertOr<R>(clauses: readonly Clause[], steps: readonly Step[], change: () => Promise<R | undefined>) {
    const document = upsertedDocument(clauses, steps);
    try {
      await this.#run(() => this.#collection.insertOne({ ...document }));
      return { inserted: document };
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      const changed = await change();
      if (changed === undefined) throw error;
      return { changed };
    }
  }

  async #run<R>(operation: () => Promise<R>): Promise<R> {
    try {
      return await untilNoConflict(operation);
    } catch (error) {
      throw translateError(error, this.#collection.collectionName);
    }
  }
}
