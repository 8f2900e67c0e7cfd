/** What a document may hold. Times are numbers of milliseconds (`…AtMs`), so that every adapter orders them alike. */
export type DocumentValue =
  | string
  | number
  | boolean
  | null
  | readonly DocumentValue[]
  | { readonly [field: string]: DocumentValue | undefined };

/** A document: JSON with a string `_id`. A field that is `undefined` is left out. */
export interface Document {
  readonly _id: string;
}

/** Conditions on one field, as in MongoDB. */
export interface Condition {
  readonly $eq?: DocumentValue;
  readonly $ne?: DocumentValue;
  readonly $gt?: string | number;
  readonly $gte?: string | number;
  readonly $lt?: string | number;
  readonly $lte?: string | number;
  readonly $in?: readonly DocumentValue[];
  readonly $nin?: readonly DocumentValue[];
  readonly $exists?: boolean;
  readonly $all?: readonly DocumentValue[];
  readonly $size?: number;
  readonly $elemMatch?: Filter;
}

/** The part of MongoDB's filter language that every adapter knows. Keys are field paths with dots. */
export type Filter = {
  readonly $and?: readonly Filter[];
  readonly $or?: readonly Filter[];
} & { readonly [path: string]: DocumentValue | Condition | undefined | readonly Filter[] };

/** The part of MongoDB's update language that every adapter knows. Keys are field paths with dots. */
export interface Update {
  readonly $set?: Readonly<Record<string, unknown>>;
  readonly $setOnInsert?: Readonly<Record<string, unknown>>;
  readonly $unset?: Readonly<Record<string, true | '' | 1>>;
  readonly $inc?: Readonly<Record<string, number>>;
  readonly $min?: Readonly<Record<string, number | string>>;
  readonly $max?: Readonly<Record<string, number | string>>;
  /** A value, or `{$each: [...]}`; with `$slice: -n` only the last n are kept. */
  readonly $push?: Readonly<Record<string, unknown>>;
  readonly $addToSet?: Readonly<Record<string, unknown>>;
  readonly $pull?: Readonly<Record<string, DocumentValue | Condition | Filter>>;
}

export type Sort = Readonly<Record<string, 1 | -1>>;

export interface FindOptions {
  readonly sort?: Sort;
  readonly limit?: number;
  readonly skip?: number;
  /** Fields to return (`1`) or to leave out (`0`); never mixed. `_id` always comes along. */
  readonly projection?: Readonly<Record<string, 0 | 1>>;
}

export interface FindOneAndUpdateOptions {
  readonly sort?: Sort;
  readonly upsert?: boolean;
  /** Default `after`. */
  readonly returnDocument?: 'before' | 'after';
}

export interface IndexSpec {
  /** Made from the fields when absent. */
  readonly name?: string;
  readonly keys: Sort;
  /** Two documents may not have the same values. A document without any of the fields is not in the index (sparse). */
  readonly unique?: boolean;
  /**
   * The first field is an array and each of its elements is indexed. Not together with `unique`. `many`: of dozens of elements a
   * document, as the words of a text are; then a look-up may cost a little for every document there is.
   */
  readonly multikey?: boolean | 'many';
}

export type WriteOperation<T extends Document> =
  | { readonly insertOne: { readonly document: T } }
  | { readonly updateOne: { readonly filter: Filter; readonly update: Update; readonly upsert?: boolean } }
  | { readonly deleteOne: { readonly filter: Filter } };

export interface BulkWriteResult {
  readonly inserted: number;
  readonly matched: number;
  readonly modified: number;
  readonly upserted: number;
  readonly deleted: number;
  /** Indexes of the operations a unique key refused. The others were done all the same. */
  readonly duplicates: readonly number[];
}

/**
 * A collection of documents: the part of MongoDB's collection API that Tributary uses. Every single write is atomic for its
 * document and durable when it resolves. There is nothing that spans documents. While the store is away every method rejects
 * with UnavailableError.
 */
export interface Collection<T extends Document> {
  /** @throws DuplicateKeyError when the id or a unique key exists. */
  insertOne(document: T): Promise<void>;
  findOne(filter: Filter, options?: FindOptions): Promise<T | undefined>;
  find(filter: Filter, options?: FindOptions): Promise<T[]>;
  count(filter: Filter): Promise<number>;
  /** @throws DuplicateKeyError when a unique key refuses, also between concurrent upserts. */
  updateOne(
    filter: Filter,
    update: Update,
    options?: { readonly upsert?: boolean },
  ): Promise<{ readonly matched: number; readonly modified: number; readonly upserted: number }>;
  /** Returns the document, or undefined when nothing matched. @throws DuplicateKeyError as updateOne. */
  findOneAndUpdate(filter: Filter, update: Update, options?: FindOneAndUpdateOptions): Promise<T | undefined>;
  deleteOne(filter: Filter): Promise<{ readonly deleted: number }>;
  /** Unordered: every operation is tried; those a unique key refused are named in `duplicates`, nothing is thrown for them. */
  bulkWrite(operations: readonly WriteOperation<T>[]): Promise<BulkWriteResult>;
}

/** The document store: MongoDB or a server compatible with it at scale, SQLite embedded. */
export interface DocStore extends AsyncDisposable {
  /**
   * A collection with its indexes. Indexes that exist are left alone; asking for the same name again gives the same collection.
   * Resolves when the indexes are there.
   */
  collection<T extends Document>(name: string, indexes?: readonly IndexSpec[]): Promise<Collection<T>>;
  /**
   * Runs work whose writes follow each other, so that they wait for the disk once and not each. A write inside may resolve before it is
   * durable; when `inOrder` resolves, all are, and what was read inside as well. A crash keeps no write without those that had
   * resolved before it. Inside nothing may leave the process (a message, an answer) but after an `inOrder` of its own: when that
   * resolves, all that the outer one has written so far is durable too.
   * @throws what `work` throws, or why a write was lost: the writes after it were refused then.
   */
  inOrder<T>(work: () => Promise<T>): Promise<T>;
  /** What keeps it from working right now. Empty when all is well. */
  problems(): readonly string[];
}

/**
 * The store does not answer just now. Trying again later may succeed; whether a write was done is not known.
 */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** A unique key refused a write. For idempotent writers it means "already done". */
export class DuplicateKeyError extends Error {
  override readonly name = 'DuplicateKeyError';
  readonly collection: string;
  /** The index's name; `_id` for the id. */
  readonly index: string;

  constructor(collection: string, index: string) {
    super(`a document with this ${index} exists in ${collection}`);
    this.collection = collection;
    this.index = index;
  }
}
