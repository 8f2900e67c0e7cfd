import { closeSync, fdatasync, fdatasyncSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type LogRecord, LogRefusedError, type NewRecord, type TopicSpec } from '../port.ts';
import { Partition } from './partition.ts';
import { partitionOfKey } from './partition-of-key.ts';

/** How long a write waits for another process's. Synchronous, but theirs take milliseconds. */
const busyTimeoutMs = 5000;
/** A batch read from the file holds at most about this many bytes of values. */
const maxReadBytes = 4 * 1024 * 1024;
/** Most records deleted from a partition at a time, so that retention never holds up the process. */
const maxDeleted = 1000;

// One table per partition: each is a b-tree that only grows at its right edge, which needs no index and takes a fifth more
// records a second than one table with an index over partition and offset.
const schema = `
  CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY,
    retention_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    number INTEGER NOT NULL,
    first_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS group_offsets (
    group_name TEXT NOT NULL,
    partition_id INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_name, partition_id)
  ) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 1;
`;

interface Statements {
  readonly insert: StatementSync;
  readonly read: StatementSync;
}

interface TopicState {
  readonly name: string;
  readonly retentionMs: number;
  readonly partitions: Partition[];
}

/**
 * The SQLite file that holds the log. Everything but `sync` is synchronous; one process may hold several, others may too.
 *
 * SQLite runs with synchronous=NORMAL, which syncs the write-ahead log before a checkpoint and the database after it. What
 * FULL does beyond that, sync the log after a commit, is done here, on a thread of libuv: the event loop goes on meanwhile.
 */
export class LogFile {
  readonly #db: DatabaseSync;
  readonly #topics = new Map<string, TopicState>();
  readonly #statements = new Map<Partition, Statements>();
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #dataVersion: StatementSync;
  readonly #putGroupOffset: StatementSync;
  readonly #writeAheadLog: number | undefined;
  #seenVersion = -1;
  #syncing = false;
  #syncFailure: Error | undefined;

  readonly #noticed: () => void;

  /**
   * @param folder Made when missing. `:memory:` keeps nothing.
   * @param noticed Called after another process changed something.
   */
  constructor(folder: string, noticed: () => void) {
    this.#noticed = noticed;
    const inMemory = folder === ':memory:';
    if (!inMemory) mkdirSync(folder, { recursive: true });
    this.#db = new DatabaseSync(inMemory ? folder : join(folder, 'log.db'), { timeout: busyTimeoutMs });
    // 16 MB of WAL between checkpoints halve what is written twice.
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;');
    this.#dataVersion = this.#db.prepare('PRAGMA data_version');
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#db.prepare('COMMIT');
    const version = this.#db.prepare('PRAGMA user_version').get()?.['user_version'];
    if (version !== 0 && version !== 1) throw new Error(`${folder} holds a log of version ${version}, not 1`);
    if (version === 0) this.#transaction(() => this.#db.exec(schema));
    // It exists from the first read or write on and as long as somebody has the file open.
    this.#writeAheadLog = inMemory ? undefined : openSync(join(folder, 'log.db-wal'), 'r+');
    this.#putGroupOffset = this.#db.prepare(
      `INSERT INTO group_offsets VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset`,
    );
    this.#reload();
  }

  close(): void {
    this.#db.close();
    if (this.#writeAheadLog !== undefined) closeSync(this.#writeAheadLog);
  }

  /**
   * Resolves when everything committed before the call is on disk, and lets it be read. One call at a time, with no commit of
   * records meanwhile. @throws always, once it failed: nobody knows then what the disk holds.
   */
  async sync(): Promise<void> {
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
    const file = this.#writeAheadLog;
    this.#syncing = true;
    try {
      if (file !== undefined)
        await new Promise<void>((resolve, reject) => fdatasync(file, (error) => (error ? reject(error) : resolve())));
    } catch (error) {
      this.#syncFailure = error as Error;
      throw error;
    } finally {
      this.#syncing = false;
    }
    this.#showAll();
  }

  /**
   * Appends in one transaction; durable, and to be read, after `sync`. All or none.
   * @returns the records by partition, as consumers get them.
   * @throws LogRefusedError for an unknown topic.
   */
  append(records: readonly NewRecord[], nowMs: number): Map<Partition, LogRecord[]> {
    return this.#transaction(() => {
      this.noticeOtherProcesses();
      const appended = new Map<Partition, LogRecord[]>();
      for (const record of records) {
        const { topic, key, value, headers } = record;
        const partitions = this.partitionsOf(topic);
        const partition = partitions[partitionOfKey(key, partitions.length)] as Partition;
        const offset = partition.nextOffset++;
        this.#statementsOf(partition).insert.run(offset, nowMs, key, JSON.stringify(headers), value);
        const stored = { topic, partition: partition.number, offset, timestampMs: nowMs, key, value, headers };
        const list = appended.get(partition);
        if (list === undefined) appended.set(partition, [stored]);
        else list.push(stored);
      }
      return appended;
    });
  }

  /** At most `limit` durable records from `offset` on, at least one when there is one. */
  read(partition: Partition, offset: number, limit: number): LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const row of this.#statementsOf(partition).read.iterate(offset, partition.durableOffset, limit)) {
      const value = row['value'] as Uint8Array;
      records.push({
        topic: partition.topic,
        partition: partition.number,
        offset: row['offset'] as number,
        timestampMs: row['timestamp_ms'] as number,
        key: row['key'] as string,
        value,
        headers: JSON.parse(row['headers'] as string),
      });
      bytes += value.byteLength;
      if (bytes > maxReadBytes) break;
    }
    return records;
  }

  /** The offset of the first record at or after a time, or the end. */
  offsetAt(partition: Partition, timeMs: number): number {
    const row = this.#db
      .prepare(`SELECT offset FROM records_${partition.id} WHERE timestamp_ms >= ? ORDER BY offset LIMIT 1`)
      .get(timeMs);
    return (row?.['offset'] as number | undefined) ?? partition.nextOffset;
  }

  /** @throws LogRefusedError when there is no such topic. */
  partitionsOf(topic: string): readonly Partition[] {
    const state = this.#topics.get(topic);
    if (state === undefined) throw new LogRefusedError(`there is no topic ${topic}`);
    return state.partitions;
  }

  knows(topic: string): boolean {
    return this.#topics.has(topic);
  }

  topics(): readonly TopicState[] {
    return [...this.#topics.values()];
  }

  /** The oldest offset kept, of every partition. */
  firstOffsets(): Map<number, number> {
    const rows = this.#db.prepare('SELECT id, first_offset FROM partitions').all();
    return new Map(rows.map((row) => [row['id'] as number, row['first_offset'] as number]));
  }

  /** What a group handles next, by partition id. */
  groupOffsets(group: string): Map<number, number> {
    const rows = this.#db
      .prepare('SELECT partition_id, next_offset FROM group_offsets WHERE group_name = ?')
      .all(group);
    return new Map(rows.map((row) => [row['partition_id'] as number, row['next_offset'] as number]));
  }

  /**
   * Commits what groups have handled. It survives a kill of the process, but is not fsynced: after a power failure the
   * last batches come again, as they may anyway.
   */
  commitGroupOffsets(offsets: Iterable<{ group: string; partition: Partition; nextOffset: number }>): void {
    this.#transaction(() => {
      for (const { group, partition, nextOffset } of offsets) this.#putGroupOffset.run(group, partition.id, nextOffset);
    });
  }

  /** Creates topics, adds partitions and sets retention. Says what it did. */
  applyTopics(specs: readonly TopicSpec[]): { created: string[]; changed: string[] } {
    const created: string[] = [];
    const changed: string[] = [];
    this.#transaction(() => {
      this.noticeOtherProcesses();
      for (const { name, partitions, retentionMs } of specs) {
        const known = this.#topics.get(name);
        const missing = partitions - (known?.partitions.length ?? 0);
        if (known === undefined) created.push(name);
        else if (missing > 0 || known.retentionMs !== retentionMs) changed.push(name);
        this.#db
          .prepare('INSERT INTO topics VALUES (?, ?) ON CONFLICT DO UPDATE SET retention_ms = excluded.retention_ms')
          .run(name, retentionMs);
        for (let number = partitions - missing; number < partitions; number++) this.#createPartition(name, number);
      }
    });
    if (this.#writeAheadLog !== undefined) fdatasyncSync(this.#writeAheadLog);
    this.#reload();
    return { created, changed };
  }

  /** Deletes records past their topic's retention, a bounded number at a time. @returns whether some may be left. */
  deleteOld(nowMs: number): boolean {
    let moreLeft = false;
    const firstOffsets = this.firstOffsets();
    for (const { retentionMs, partitions } of this.#topics.values()) {
      if (retentionMs < 0) continue;
      for (const { id } of partitions) {
        const firstOffset = firstOffsets.get(id) ?? 0;
        const row = this.#db
          .prepare(
            `SELECT max(offset) + 1 AS next FROM
             (SELECT offset, timestamp_ms FROM records_${id} ORDER BY offset LIMIT ${maxDeleted}) WHERE timestamp_ms < ?`,
          )
          .get(nowMs - retentionMs);
        const keepFrom = row?.['next'] as number | null;
        if (keepFrom === null) continue;
        this.#transaction(() => {
          this.#db.prepare(`DELETE FROM records_${id} WHERE offset < ?`).run(keepFrom);
          this.#db.prepare('UPDATE partitions SET first_offset = ? WHERE id = ?').run(keepFrom, id);
        });
        moreLeft ||= keepFrom - firstOffset >= maxDeleted;
      }
    }
    return moreLeft;
  }

  /** Takes in what other processes appended or created. Costs microseconds when there is nothing. */
  noticeOtherProcesses(): void {
    if (this.#dataVersion.get()?.['data_version'] === this.#seenVersion) return;
    this.#reload();
    this.#noticed();
  }

  #reload(): void {
    // Read first: what is committed in between is noticed next time.
    this.#seenVersion = this.#dataVersion.get()?.['data_version'] as number;
    for (const row of this.#db.prepare('SELECT name, retention_ms FROM topics').all()) {
      const name = row['name'] as string;
      const partitions = this.#topics.get(name)?.partitions ?? [];
      this.#topics.set(name, { name, retentionMs: row['retention_ms'] as number, partitions });
    }
    const rows = this.#db
      .prepare('SELECT id, topic, number, first_offset FROM partitions ORDER BY topic, number')
      .all();
    for (const row of rows) {
      const { id, topic, number } = row as { id: number; topic: string; number: number };
      const list = this.#topics.get(topic)?.partitions as Partition[];
      list[number] ??= new Partition(id, topic, number);
      const partition = list[number];
      const last = this.#db.prepare(`SELECT max(offset) AS last FROM records_${id}`).get()?.['last'] as number | null;
      const nextOffset = Math.max(last === null ? 0 : last + 1, row['first_offset'] as number);
      if (nextOffset === partition.nextOffset) continue;
      partition.nextOffset = nextOffset;
      partition.forgetAll();
    }
    // Among what is new may be own records that are still on their way to the disk.
    if (!this.#syncing) this.#showAll();
  }

  #showAll(): void {
    for (const { partitions } of this.#topics.values())
      for (const partition of partitions) partition.durableOffset = partition.nextOffset;
  }

  #createPartition(topic: string, number: number): void {
    const { lastInsertRowid } = this.#db
      .prepare('INSERT INTO partitions (topic, number) VALUES (?, ?)')
      .run(topic, number);
    this.#db.exec(`CREATE TABLE records_${lastInsertRowid} (
      offset INTEGER PRIMARY KEY,
      timestamp_ms INTEGER NOT NULL,
      key TEXT NOT NULL,
      headers TEXT NOT NULL,
      value BLOB NOT NULL
    ) STRICT`);
  }

  #statementsOf(partition: Partition): Statements {
    let statements = this.#statements.get(partition);
    if (statements === undefined) {
      statements = {
        insert: this.#db.prepare(`INSERT INTO records_${partition.id} VALUES (?, ?, ?, ?, ?)`),
        read: this.#db.prepare(
          `SELECT offset, timestamp_ms, key, headers, value FROM records_${partition.id}
           WHERE offset >= ? AND offset < ? ORDER BY offset LIMIT ?`,
        ),
      };
      this.#statements.set(partition, statements);
    }
    return statements;
  }

  #transaction<T>(work: () => T): T {
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      this.#reload();
      throw error;
    }
  }
}
