import { type Clock, type Logger, systemClock } from '@tributary/runtime';
import { toDeadLetter, withDeadLetterTopics } from '../dead-letter-record.ts';
import { handleUntilDone, type InHand, type Problems } from '../handle-until-done.ts';
import type {
  Batch,
  ConsumeOptions,
  Consumer,
  GroupLag,
  LogRecord,
  LogStatistics,
  NewRecord,
  OpenedLog,
  TailOptions,
  TopicSpec,
  TopicStatus,
} from '../port.ts';
import { checkRecord } from '../record-limits.ts';
import { countCommit, traceAppend, watchConsumer } from '../telemetry.ts';
import { ConsumerGroup } from './consumer-group.ts';
import { lockConsumers } from './consumer-lock.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { GroupOffsets } from './group-offsets.ts';
import { LogFile } from './log-file.ts';
import { type Partition, RecentRecords } from './partition.ts';
import { PartitionReader } from './partition-reader.ts';

export interface EmbeddedLogOptions {
  /** Where the log's file lives; made when missing. `:memory:` keeps nothing. */
  readonly folder: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** Appends waiting together become one transaction of at most about this many records (some 20 ms). */
const maxCommitRecords = 1000;
const maxRecentBytes = 16 * 1024 * 1024;
/** How often appends of other processes are looked for. Own ones wake their consumers at once. */
const pollMs = 250;
const retentionEveryMs = 60_000;

/**
 * Opens the log in a folder. One process consumes from it; others may append, tail and list at the same time.
 * Disposing it stops its consumers in order and writes what is pending.
 */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<OpenedLog> {
  return new EmbeddedLog(options);
}

interface PendingAppend {
  readonly records: readonly NewRecord[];
  resolve(): void;
  reject(error: unknown): void;
}

interface Tail {
  readonly consumer: EmbeddedConsumer;
  /** Begins to read partitions that it does not read yet. */
  extend(): void;
}

class EmbeddedLog implements OpenedLog {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #file: LogFile;
  readonly #offsets: GroupOffsets;
  readonly #recent = new RecentRecords(maxRecentBytes);
  readonly #groups = new Map<string, ConsumerGroup>();
  readonly #tails = new Set<Tail>();
  readonly #consumers = new Set<Consumer>();
  readonly #inHand = new Set<InHand>();
  readonly #queue: PendingAppend[] = [];
  #flushing: Promise<void> | undefined;
  #poll: NodeJS.Timeout | undefined;
  #lock: Promise<Disposable> | undefined;
  #deleteOldAtMs = 0;
  #problem: string | undefined;
  #commits = 0;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor({ folder, clock = systemClock, logger }: EmbeddedLogOptions) {
    this.#folder = folder;
    this.#clock = clock;
    this.#logger = logger;
    this.#file = new LogFile(folder, () => setImmediate(() => this.#othersWrote()));
    this.#offsets = new GroupOffsets(this.#file);
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    for (const record of records) checkRecord(record);
    await traceAppend(records, () => this.#enqueue(records));
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#mustBeOpen();
    this.#file.noticeOtherProcesses();
    for (const topic of options.topics) this.#file.partitionsOf(topic);
    if (this.#folder !== ':memory:') {
      this.#lock ??= lockConsumers(this.#folder);
      await this.#lock.catch((error: unknown) => {
        this.#lock = undefined;
        throw error;
      });
    }
    const group = this.#groupOf(options.group);
    const problems: Problems = new Map();
    const context = {
      clock: this.#clock,
      logger: this.#logger,
      problems,
      inHand: this.#inHand,
      group: options.group,
    };
    const watch = watchConsumer(options, { clock: this.#clock, lag: () => this.lag(options.group) });
    const member = {
      topics: options.topics,
      open: (partition: Partition, position: number) =>
        new PartitionReader({
          partition,
          position,
          read: (_, offset) => this.#read(partition, offset, options.maxBatch ?? 500),
          take: async (records, signal) => {
            const batch = this.#batchOf(partition, records, signal, options.group);
            if (!(await handleUntilDone(batch, watch.handle, context))) return false;
            this.#offsets.set(options.group, partition, (records.at(-1) as LogRecord).offset + 1);
            return true;
          },
          fail: (error) => consumer.fail(error),
        }),
    };
    const release = async () => {
      await group.leave(member);
      watch[Symbol.dispose]();
      if (group.size === 0) this.#groups.delete(options.group);
      this.#offsets.flush();
      this.#remove(consumer);
    };
    const consumer = new EmbeddedConsumer(release, () => [...problems.values()]);
    this.#add(consumer);
    group.join(member);
    return consumer;
  }

  async tail(options: TailOptions): Promise<Consumer> {
    this.#mustBeOpen();
    this.#file.noticeOtherProcesses();
    const readers = new Map<Partition, PartitionReader>();
    const open = (partition: Partition, position: number) =>
      new PartitionReader({
        partition,
        position,
        read: (_, offset) => this.#read(partition, offset, 500),
        take: async (records, signal) => {
          for (const record of records) {
            if (signal.aborted) return false;
            await options.handle(record);
          }
          return true;
        },
        fail: (error) => consumer.fail(error),
      });
    const partitions = () => options.topics.flatMap((topic) => this.#file.partitionsOf(topic));
    const startOf = (partition: Partition) => {
      if (options.from === 'end') return partition.durableOffset;
      return options.from === 'start' ? 0 : this.#file.offsetAt(partition, options.from);
    };
    const release = async () => {
      this.#tails.delete(tail);
      await Promise.all([...readers.values()].map((reader) => reader.stop()));
      this.#remove(consumer);
    };
    const consumer = new EmbeddedConsumer(release, () => []);
    const tail: Tail = {
      consumer,
      extend: () => {
        for (const partition of partitions()) if (!readers.has(partition)) readers.set(partition, open(partition, 0));
      },
    };
    for (const partition of partitions()) readers.set(partition, open(partition, startOf(partition)));
    this.#tails.add(tail);
    this.#add(consumer);
    return consumer;
  }

  async applyTopics(topics: readonly TopicSpec[]) {
    this.#mustBeOpen();
    const result = this.#file.applyTopics(withDeadLetterTopics(topics));
    this.#othersWrote();
    return result;
  }

  async listTopics(): Promise<readonly TopicStatus[]> {
    this.#mustBeOpen();
    this.#file.noticeOtherProcesses();
    const firstOffsets = this.#file.firstOffsets();
    return this.#file.topics().map(({ name, retentionMs, partitions }) => ({
      name,
      retentionMs,
      partitions: partitions.length,
      records: partitions.reduce((sum, { id, nextOffset }) => sum + nextOffset - (firstOffsets.get(id) ?? 0), 0),
    }));
  }

  async lag(group: string): Promise<readonly GroupLag[]> {
    this.#mustBeOpen();
    this.#file.noticeOtherProcesses();
    const offsets = this.#offsets.of(group);
    const firstOffsets = this.#file.firstOffsets();
    return this.#file.topics().flatMap(({ name, partitions }) =>
      partitions.flatMap(({ id, number, nextOffset }) => {
        const handled = offsets.get(id);
        if (handled === undefined) return [];
        return [{ topic: name, partition: number, lag: nextOffset - Math.max(handled, firstOffsets.get(id) ?? 0) }];
      }),
    );
  }

  inHand(): readonly InHand[] {
    return [...this.#inHand];
  }

  get statistics(): LogStatistics {
    return { commits: this.#commits };
  }

  problems(): readonly string[] {
    return [this.#problem, this.#offsets.problem].filter((problem) => problem !== undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    this.#closed = true;
    while (this.#flushing !== undefined) await this.#flushing;
    this.#offsets.close();
    (await this.#lock?.catch(() => undefined))?.[Symbol.dispose]();
    this.#file.close();
  }

  #enqueue(records: readonly NewRecord[]): Promise<void> {
    this.#mustBeOpen();
    for (const { topic } of records) this.#mustKnow(topic);
    if (records.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#queue.push({ records, resolve, reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  async #flushAll(): Promise<void> {
    // After the I/O of this turn, so that everyone who appends in it shares the fsync.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) await this.#flush();
    this.#flushing = undefined;
  }

  /** Those who append while the disk syncs share the next one. */
  async #flush(): Promise<void> {
    const appends = this.#takeFromQueue();
    const nowMs = this.#clock.now();
    let appended: Map<Partition, LogRecord[]>;
    try {
      appended = this.#file.append(
        appends.flatMap(({ records }) => records),
        nowMs,
      );
      await this.#file.sync();
      this.#commits++;
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `cannot append: ${(error as Error).message}`;
      for (const { reject } of appends) reject(error);
      return;
    }
    countCommit(appends.flatMap(({ records }) => records));
    for (const { resolve } of appends) resolve();
    for (const [partition, records] of appended) {
      // Unless another process has appended behind them meanwhile: what is remembered has no gap.
      if ((records.at(-1) as LogRecord).offset + 1 === partition.nextOffset) this.#recent.add(partition, records);
    }
    // All of them: what other processes appended meanwhile may be read only now.
    this.#wakeAll();
    this.#deleteOld(nowMs);
  }

  #takeFromQueue(): PendingAppend[] {
    let taken = 0;
    for (let records = 0; taken < this.#queue.length && records < maxCommitRecords; taken++)
      records += (this.#queue[taken] as PendingAppend).records.length;
    return this.#queue.splice(0, taken);
  }

  #read(partition: Partition, offset: number, limit: number): readonly LogRecord[] {
    return partition.recall(offset, limit) ?? this.#file.read(partition, offset, limit);
  }

  #batchOf(partition: Partition, records: readonly LogRecord[], signal: AbortSignal, group: string): Batch {
    return {
      topic: partition.topic,
      partition: partition.number,
      records,
      signal,
      // Nobody takes a partition away from a member that lives.
      deadLetter: (record, cause) => this.#enqueue([toDeadLetter(record, cause, group, this.#clock.now())]),
    };
  }

  #groupOf(name: string): ConsumerGroup {
    let group = this.#groups.get(name);
    if (group === undefined) {
      const committed = this.#offsets.of(name);
      group = new ConsumerGroup(
        (topic) => this.#file.partitionsOf(topic),
        (partition) => {
          const position = committed.get(partition.id);
          // Noted, so that the lag of a group that has handled nothing yet can be seen.
          if (position === undefined) this.#offsets.set(name, partition, 0);
          return position ?? 0;
        },
      );
      this.#groups.set(name, group);
    }
    return group;
  }

  #add(consumer: Consumer): void {
    this.#consumers.add(consumer);
    this.#poll ??= setInterval(() => {
      this.#file.noticeOtherProcesses();
      this.#deleteOld(this.#clock.now());
    }, pollMs);
  }

  #remove(consumer: Consumer): void {
    this.#consumers.delete(consumer);
    if (this.#consumers.size > 0) return;
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #othersWrote(): void {
    for (const group of this.#groups.values()) group.rebalance();
    for (const tail of this.#tails) tail.extend();
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const { partitions } of this.#file.topics()) for (const partition of partitions) partition.wakeReaders();
  }

  #deleteOld(nowMs: number): void {
    if (nowMs < this.#deleteOldAtMs) return;
    try {
      const moreLeft = this.#file.deleteOld(nowMs);
      this.#deleteOldAtMs = nowMs + (moreLeft ? 1000 : retentionEveryMs);
    } catch (error) {
      this.#deleteOldAtMs = nowMs + retentionEveryMs;
      this.#logger?.warn({ err: error }, 'deleting old records failed, will retry');
    }
  }

  #mustKnow(topic: string): void {
    if (this.#file.knows(topic)) return;
    this.#file.noticeOtherProcesses();
    this.#file.partitionsOf(topic);
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new Error('the log is closed');
  }
}
