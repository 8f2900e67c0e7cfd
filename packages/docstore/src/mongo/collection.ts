import type { AnyBulkWriteOperation, Collection as DriverCollection, Document as DriverDocument } from 'mongodb';
import { parseFilter } from '../language/filter.ts';
import { copyDocument } from '../language/json.ts';
import { parseListing, parseSort } from '../language/listing.ts';
import { checkUpsert, parseUpdate } from '../language/update.ts';
import type {
  BulkWriteResult,
  Collection,
  Document,
  Filter,
  FindOneAndUpdateOptions,
  FindOptions,
  Update,
  WriteOperation,
} from '../port.ts';
import { duplicatesOf, translateError } from './errors.ts';
import { toMongoFilter, toMongoSort, toMongoUpdate } from './request.ts';

type Stored = DriverDocument & { _id: string };

/** A collection of MongoDB. Everything is checked before it is sent, so that both adapters refuse alike. */
export class MongoCollection<T extends Document> implements Collection<T> {
  readonly #collection: DriverCollection<Stored>;

  constructor(collection: DriverCollection<Stored>) {
    this.#collection = collection;
  }

  async insertOne(document: T): Promise<void> {
    const copy = copyDocument(document);
    await this.#translated(this.#collection.insertOne(copy));
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
    return (await this.#translated(cursor.toArray())) as unknown[] as T[];
  }

  async count(filter: Filter): Promise<number> {
    return this.#translated(this.#collection.countDocuments(toMongoFilter(parseFilter(filter, 'leave out'))));
  }

  async updateOne(filter: Filter, update: Update, { upsert = false } = {}) {
    const write = toMongoWrite(filter, update, upsert);
    const result = await this.#translated(this.#collection.updateOne(write.filter, write.update, { upsert }));
    return { matched: result.matchedCount, modified: result.modifiedCount, upserted: result.upsertedCount };
  }

  async findOneAndUpdate(filter: Filter, update: Update, options: FindOneAndUpdateOptions = {}) {
    const { upsert = false, returnDocument = 'after' } = options;
    const write = toMongoWrite(filter, update, upsert);
    const sort = parseSort(options.sort ?? {});
    const document = await this.#translated(
      this.#collection.findOneAndUpdate(write.filter, write.update, {
        upsert,
        returnDocument,
        ...(sort.length > 0 && { sort: toMongoSort(sort) }),
      }),
    );
    return (document ?? undefined) as unknown as T | undefined;
  }

  async deleteOne(filter: Filter) {
    const mongoFilter = toMongoFilter(parseFilter(filter, 'refuse'));
    const { deletedCount } = await this.#translated(this.#collection.deleteOne(mongoFilter));
    return { deleted: deletedCount };
  }

  async bulkWrite(operations: readonly WriteOperation<T>[]): Promise<BulkWriteResult> {
    const writes = operations.map(toMongoOperation);
    let duplicates: readonly number[] = [];
    if (writes.length === 0) return { inserted: 0, matched: 0, modified: 0, upserted: 0, deleted: 0, duplicates };
    const result = await this.#collection.bulkWrite(writes, { ordered: false }).catch((error) => {
      duplicates = duplicatesOf(error, this.#collection.collectionName);
      return error.result;
    });
    return {
      inserted: result.insertedCount,
      matched: result.matchedCount,
      modified: result.modifiedCount,
      upserted: result.upsertedCount,
      deleted: result.deletedCount,
      duplicates,
    };
  }

  #translated<R>(result: Promise<R>): Promise<R> {
    return result.catch((error: unknown) => {
      throw translateError(error, this.#collection.collectionName);
    });
  }
}

function toMongoWrite(filter: Filter, update: Update, upsert: boolean) {
  const clauses = parseFilter(filter, 'refuse');
  const steps = parseUpdate(update);
  if (upsert) checkUpsert(clauses, steps);
  return { filter: toMongoFilter(clauses), update: toMongoUpdate(steps) };
}

function toMongoOperation<T extends Document>(operation: WriteOperation<T>): AnyBulkWriteOperation<Stored> {
  if ('insertOne' in operation) return { insertOne: { document: copyDocument(operation.insertOne.document) } };
  if ('deleteOne' in operation)
    return { deleteOne: { filter: toMongoFilter(parseFilter(operation.deleteOne.filter, 'refuse')) } };
  const { filter, update, upsert = false } = operation.updateOne;
  return { updateOne: { ...toMongoWrite(filter, update, upsert), upsert } };
}
