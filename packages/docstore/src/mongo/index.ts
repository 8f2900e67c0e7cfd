import { setTimeout as sleep } from 'node:timers/promises';
import { type CreateIndexesOptions, MongoClient, MongoServerError } from 'mongodb';
import { checkCollectionName } from '../collection-name.ts';
import { type Index, parseIndexSpec } from '../language/index-spec.ts';
import type { Collection, DocStore, Document, IndexSpec } from '../port.ts';
import { RefusedError } from '../refused-error.ts';
import { MongoCollection } from './collection.ts';
import { isAway, translateError, untilNoConflict } from './errors.ts';

interface Logger {
  warn(details: object, text: string): void;
}

export interface MongoStoreOptions {
  /** A connection string, `mongodb://…`. */
  readonly url: string;
  /** Default: the one the URL names, else `tributary`. */
  readonly database?: string;
  /**
   * How long an operation waits for the database to come back before it rejects with UnavailableError. By default shorter than
   * the usual deadline of a call (10 s), so that the caller is told.
   */
  readonly waitMs?: number;
  readonly logger?: Logger;
}

const retryDelayMs = 1000;

/**
 * Opens the document store on MongoDB or a server compatible with it. Resolves at once, also when the database is away:
 * `collection` waits for it for as long as it takes, operations for `waitMs`.
 */
export async function openMongoStore({ url, database, waitMs = 8000, logger }: MongoStoreOptions): Promise<DocStore> {
  const client = new MongoClient(url, {
    // A write resolves once it is in the journal of a majority, and a read shows nothing that could still be rolled back.
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    serverSelectionTimeoutMS: waitMs,
    connectTimeoutMS: 5000,
    socketTimeoutMS: 60_000,
    heartbeatFrequencyMS: 5000,
    appName: 'tributary',
  });
  const db = client.db(database ?? databaseOf(url));
  const collections = new Map<string, MongoCollection<Document>>();
  const closed = new AbortController();
  let problem: string | undefined = 'MongoDB is not reached yet';
  client.on('serverHeartbeatFailed', ({ failure }) => {
    problem = `MongoDB is away: ${failure.message}`;
  });
  client.on('serverHeartbeatSucceeded', () => {
    problem = undefined;
  });

  /** Tries for as long as the database is away and the store is open. */
  async function untilThere(attempt: () => Promise<unknown>): Promise<void> {
    while (!closed.signal.aborted) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (closed.signal.aborted) break;
        if (!isAway(error)) throw error;
        problem = `MongoDB is away: ${error.message}`;
        logger?.warn({ err: error }, 'waiting for MongoDB');
        await sleep(retryDelayMs, undefined, { signal: closed.signal }).catch(() => {});
      }
    }
    throw new Error('the document store is closed');
  }
  const connected = untilThere(() => client.connect());
  connected.catch(() => {});

  async function ensureIndexes(name: string, indexes: readonly Index[]): Promise<void> {
    for (const { name: indexName, keys, unique } of indexes) {
      const options: CreateIndexesOptions = { name: indexName, ...(unique && { unique: true, sparse: true }) };
      const fields = keys.map(({ path, direction }): [string, 1 | -1] => [path.text, direction]);
      try {
        // Two services that start at once make the same index.
        await untilNoConflict(() => db.collection(name).createIndex(fields, options));
      } catch (error) {
        throw indexRefusal(error, name, indexName);
      }
    }
  }

  return {
    async collection<T extends Document>(name: string, specs: readonly IndexSpec[] = []) {
      checkCollectionName(name);
      const indexes = specs.map(parseIndexSpec);
      await connected;
      await untilThere(() => ensureIndexes(name, indexes));
      const collection = collections.get(name) ?? new MongoCollection<Document>(db.collection(name));
      collections.set(name, collection);
      return collection as unknown as Collection<T>;
    },
    // Each write waits for the journal: MongoDB has no promise about the order of writes that do not.
    inOrder: (work) => work(),
    problems: () => (problem === undefined ? [] : [problem]),
    async [Symbol.asyncDispose]() {
      closed.abort();
      await client.close();
      await connected.catch(() => {});
    },
  };
}

/** The database a connection string names. Not by `URL`, which knows no list of hosts. */
function databaseOf(url: string): string {
  return /^[^:]+:\/\/[^/]+\/([^?]+)/.exec(url)?.[1] ?? 'tributary';
}

/** IndexOptionsConflict and IndexKeySpecsConflict. */
const otherIndex = new Set([85, 86]);

function indexRefusal(error: unknown, collection: string, index: string): unknown {
  if (!(error instanceof MongoServerError)) return error;
  if (otherIndex.has(Number(error.code)))
    return new RefusedError(index, `${collection} has an index of this name with other keys or options`);
  // DocumentDB reports PostgreSQL's failure to build the index.
  if (error.code === 11000 || error.message.includes('could not create exclusion constraint'))
    return new RefusedError(index, `documents in ${collection} have the same values already`);
  return translateError(error, collection);
}
