import { AsyncLocalStorage } from 'node:async_hooks';
import { closeSync, fdatasync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

/** Writes that become durable together. */
interface Batch {
  /** Batches become durable in this order, or are lost. */
  readonly number: number;
  readonly durable: PromiseWithResolvers<void>;
  /** Why it was lost. */
  failure?: unknown;
  /** Ids written, by owner (a collection). */
  readonly touched: Map<object, Set<string>>;
}

/** Writes that wait for the disk together, at their end. */
interface Chain {
  /** The newest batch that one of them is in, or that was read from; an older one is durable before it. */
  last?: Batch;
  ended: boolean;
}

export interface DatabaseStatistics {
  /** Transactions committed. */
  readonly commits: number;
  /** Times the write-ahead log was forced to the disk. */
  readonly syncs: number;
}

const busyTimeoutMs = 10_000;

/**
 * One SQLite file with group commit. A write runs at once inside the open transaction; the transaction commits at the end of
 * the event loop's turn, or, while the disk still syncs the one before, when that is done. Then the write-ahead log is synced and every
 * write of the transaction resolves.
 *
 * That is what `synchronous=FULL` does at a commit, except that the sync runs on a thread of libuv instead of stopping the
 * event loop. SQLite itself runs with NORMAL, which syncs the log before a checkpoint and the database after it.
 */
export class Database {
  readonly connection: DatabaseSync;
  /** Called when another process wrote: what is cached of the file is stale. */
  onForeignWrite: () => void = () => {};
  readonly #logFile: number | undefined;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #dataVersion: StatementSync;
  #knownDataVersion: number;
  #checkedThisTurn = false;
  readonly #chains = new AsyncLocalStorage<Chain>();
  #batches = 0;
  #open: Batch | undefined;
  #syncing: Batch | undefined;
  #flushing: Promise<void> | undefined;
  #broken: Error | undefined;
  #closed = false;
  #statistics = { commits: 0, syncs: 0 };

  private constructor(connection: DatabaseSync, logFile: number | undefined) {
    this.connection = connection;
    this.#logFile = logFile;
    this.#begin = connection.prepare('BEGIN IMMEDIATE');
    this.#commit = connection.prepare('COMMIT');
    this.#dataVersion = connection.prepare('PRAGMA data_version');
    this.#dataVersion.setReturnArrays(true);
    this.#knownDataVersion = this.#readDataVersion();
  }

  /** @param folder Made when it is not there. `:memory:` keeps everything in memory: nothing is durable. */
  static async open(folder: string): Promise<Database> {
    const inMemory = folder === ':memory:';
    if (!inMemory) await mkdir(folder, { recursive: true });
    const file = inMemory ? folder : join(folder, 'docstore.sqlite');
    const connection = new DatabaseSync(file, { timeout: busyTimeoutMs });
    // Documents are larger than SQLite's default page of 4 KB is made for; twice that takes a tenth off the cost of a write.
    // A log of 16 MB between checkpoints: the default's 4 MB stops writers too often under load.
    connection.exec(`
      PRAGMA page_size = 8192;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 2000;
      PRAGMA cache_size = -16000;
      PRAGMA temp_store = MEMORY;
      CREATE TABLE IF NOT EXISTS _collections (name TEXT PRIMARY KEY, schema TEXT NOT NULL) STRICT;
    `);
    return new Database(connection, inMemory ? undefined : openSync(`${file}-wal`, 'r+'));
  }

  get statistics(): DatabaseStatistics {
    return { ...this.#statistics };
  }

  problems(): readonly string[] {
    return this.#broken === undefined ? [] : [`the document store cannot write: ${this.#broken.message}`];
  }

  /**
   * Runs a write inside the open transaction. Resolves (or rejects with what it threw) once everything before and of it is
   * durable: also a refusal tells what was read, and that must not vanish afterwards. Within `inOrder` it does not wait for that.
   * @param write Leaves nothing half done when it throws anything but an error of SQLite; such an error undoes the whole transaction.
   */
  async write<T>(write: () => T): Promise<T> {
    const chain = this.#chain();
    if (chain?.last?.failure !== undefined) throw chain.last.failure;
    const batch = this.#openBatch();
    let outcome: () => T;
    try {
      const result = write();
      outcome = () => result;
    } catch (error) {
      if (isSqliteError(error)) this.#fail(batch, error);
      outcome = () => {
        throw error;
      };
    }
    if (chain === undefined) await batch.durable.promise;
    else waitFor(chain, batch);
    return outcome();
  }

  /** @see DocStore.inOrder */
  async inOrder<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.#chain();
    const chain: Chain = outer ?? { ended: false };
    try {
      return await this.#chains.run(chain, work);
    } finally {
      if (outer === undefined) chain.ended = true;
      await chain.last?.durable.promise;
    }
  }

  /** Notes which document a write changed, for `settled`. */
  touch(owner: object, id: string): void {
    const { touched } = this.#open as Batch;
    const ids = touched.get(owner);
    if (ids === undefined) touched.set(owner, new Set([id]));
    else ids.add(id);
  }

  /**
   * What must still become durable before documents with these ids may be shown; usually undefined. Within `inOrder` they may be
   * shown at once: its end waits for them.
   */
  settled(owner: object, ids: Iterable<string>): Promise<void> | undefined {
    const batch = this.#unsettled(owner, ids);
    const chain = batch && this.#chain();
    if (chain === undefined) return batch?.durable.promise;
    waitFor(chain, batch as Batch);
    return undefined;
  }

  /** The newest batch that is not durable yet and has changed one of these. */
  #unsettled(owner: object, ids: Iterable<string>): Batch | undefined {
    const open = this.#open?.touched.get(owner);
    const syncing = this.#syncing?.touched.get(owner);
    if (open === undefined && syncing === undefined) return undefined;
    let batch: Batch | undefined;
    for (const id of ids) {
      if (open?.has(id)) return this.#open;
      if (syncing?.has(id)) batch = this.#syncing;
    }
    return batch;
  }

  #chain(): Chain | undefined {
    const chain = this.#chains.getStore();
    return chain?.ended ? undefined : chain;
  }

  /** To be called before reading. Notices writes of other processes, at most once per turn of the event loop. */
  beforeRead(): void {
    if (this.#closed) throw new Error('the document store is closed');
    if (this.#open !== undefined || this.#checkedThisTurn) return;
    this.#checkedThisTurn = true;
    setImmediate(() => {
      this.#checkedThisTurn = false;
    });
    this.#checkForeignWrites();
  }

  /** Waits for everything written so far and closes. Calling it again is harmless. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#flushing !== undefined) await this.#flushing;
    if (this.#logFile !== undefined) closeSync(this.#logFile);
    this.connection.close();
  }

  #openBatch(): Batch {
    if (this.#closed) throw new Error('the document store is closed');
    if (this.#broken !== undefined) throw new Error('the document store is broken', { cause: this.#broken });
    if (this.#open !== undefined) return this.#open;
    this.#begin.run();
    this.#checkForeignWrites();
    const batch: Batch = { number: this.#batches++, durable: Promise.withResolvers(), touched: new Map() };
    batch.durable.promise.catch(() => {});
    this.#open = batch;
    this.#flushing ??= this.#flush();
    return batch;
  }

  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    for (let batch = this.#open; batch !== undefined; batch = this.#open) {
      try {
        this.#commit.run();
      } catch (error) {
        this.#fail(batch, error);
        continue;
      }
      this.#statistics.commits++;
      this.#open = undefined;
      this.#syncing = batch;
      try {
        await this.#sync();
        batch.durable.resolve();
      } catch (error) {
        // After a failed sync nobody knows what the disk holds, so nothing may be written any more.
        this.#broken = error as Error;
        lose(batch, error);
        if (this.#open !== undefined) this.#fail(this.#open, error);
      }
      this.#syncing = undefined;
    }
    this.#flushing = undefined;
  }

  #sync(): Promise<void> {
    if (this.#logFile === undefined) return Promise.resolve();
    this.#statistics.syncs++;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fdatasync(this.#logFile, (error) => (error ? reject(error) : resolve()));
    return promise;
  }

  #fail(batch: Batch, error: unknown): void {
    if (this.#open === batch) this.#open = undefined;
    // Some errors, such as a full disk, have rolled back already.
    if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
    this.onForeignWrite();
    lose(batch, error);
  }

  #checkForeignWrites(): void {
    const version = this.#readDataVersion();
    if (version === this.#knownDataVersion) return;
    this.#knownDataVersion = version;
    this.onForeignWrite();
  }

  #readDataVersion(): number {
    return (this.#dataVersion.get() as unknown as [number])[0];
  }
}

function waitFor(chain: Chain, batch: Batch): void {
  // A batch that was lost stays: what follows in the chain must not be written.
  if (chain.last?.failure === undefined && (chain.last?.number ?? -1) < batch.number) chain.last = batch;
}

function lose(batch: Batch, error: unknown): void {
  batch.failure = error;
  batch.durable.reject(error);
}

function isSqliteError(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
}
