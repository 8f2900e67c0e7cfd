import type { InHand } from './handle-until-done.ts';

/** A record as a producer gives it. */
export interface NewRecord {
  readonly topic: string;
  /** Records with one key keep their order. Never empty. */
  readonly key: string;
  readonly value: Uint8Array;
  /** `ce_id` is the record's identity for whoever drops repeats. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A record as a consumer gets it. */
export interface LogRecord extends NewRecord {
  readonly partition: number;
  /** Increases within the partition; not necessarily by one. */
  readonly offset: number;
  /** Milliseconds since the epoch, when the log took it. */
  readonly timestampMs: number;
}

/** Records of one partition in order, to be handled as a whole. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  /** At least one. */
  readonly records: readonly LogRecord[];
  /** Aborts when the partition is taken away or the consumer stops: what has not begun should not begin. */
  readonly signal: AbortSignal;
  /** Puts a record that can never succeed into `<topic>.dlq`, with cause and origin. Resolves when it is durable there. */
  deadLetter(record: LogRecord, cause: Error): Promise<void>;
}

export interface ConsumeOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Most records in a batch. Default 500. */
  readonly maxBatch?: number;
  /**
   * Stores the batch's effect. When it resolves, the batch's offsets are committed. When it rejects, the same records come
   * again after a back-off, for as long as it takes, and `problems()` says why. So its effect must be idempotent.
   * Partitions are handled side by side.
   */
  handle(batch: Batch): Promise<void>;
}

/** A running member of a consumer group. */
export interface Consumer {
  /** Lets the batch in hand finish, commits it, leaves the group. */
  stop(): Promise<void>;
  /** What keeps it from going on right now. Empty when all is well. */
  problems(): readonly string[];
  /** Rejects when the consumer died of a fault it cannot recover from: the process should end. Resolves after stop. */
  readonly done: Promise<void>;
}

export interface TailOptions {
  readonly topics: readonly string[];
  /** `end`: what comes from now on. `start`: everything kept. A number: from that time, in ms since the epoch. */
  readonly from: 'start' | 'end' | number;
  /** Called once per record, in order per partition. Belongs to no group, commits nothing. */
  handle(record: LogRecord): void | Promise<void>;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** -1 keeps for ever. */
  readonly retentionMs: number;
}

export interface TopicStatus extends TopicSpec {
  /** Records kept, over all partitions. */
  readonly records: number;
}

/** Where an appended record ended up. */
export interface GroupLag {
  readonly topic: string;
  readonly partition: number;
  /** Records appended and not yet committed by the group. */
  readonly lag: number;
}

/** The log of events: Kafka at scale, SQLite embedded. */
export interface EventLog extends AsyncDisposable {
  /**
   * Appends records; resolves when all are durable (replicated and acknowledged, or fsynced). Concurrent calls are coalesced
   * into one request. Records with one key are kept in the order of the calls.
   * Waits while too much is in flight; rejects when the log refuses (unknown topic, record too large: LogRefusedError) or
   * cannot be reached within `appendTimeoutMs` of the adapter. After a rejection it is unknown whether they were appended:
   * appending again may repeat them with the same `ce_id`.
   */
  append(records: readonly NewRecord[]): Promise<void>;
  /** Joins a consumer group; resolves when it has joined. A new group begins at the oldest record. */
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Reads along without a group. Resolves when it is in place: everything appended afterwards is seen. */
  tail(options: TailOptions): Promise<Consumer>;
  /** Creates what is missing, raises partition counts and sets retention; never deletes. Repeating it is harmless. */
  applyTopics(
    topics: readonly TopicSpec[],
  ): Promise<{ readonly created: readonly string[]; readonly changed: readonly string[] }>;
  listTopics(): Promise<readonly TopicStatus[]>;
  lag(group: string): Promise<readonly GroupLag[]>;
  /** Batches that this process's handlers are at work on: one that stays for minutes while everything else answers is stuck. */
  inHand(): readonly InHand[];
  /** What keeps it from appending right now. Empty when all is well. */
  problems(): readonly string[];
}

/** A log as its adapter opens it, with what only that can tell. */
export interface OpenedLog extends EventLog {
  readonly statistics: LogStatistics;
}

export interface LogStatistics {
  /** Commits that were forced to the disk, or requests that the brokers acknowledged: concurrent appends share them. */
  readonly commits: number;
}

/** The log will never take this record as it is: unknown topic, empty key, too large. */
export class LogRefusedError extends Error {
  override readonly name = 'LogRefusedError';
}

/** Headers of a dead-lettered record, beside those it had. */
export const deadLetterHeaders = {
  cause: 'dlq_cause',
  topic: 'dlq_topic',
  partition: 'dlq_partition',
  offset: 'dlq_offset',
  group: 'dlq_group',
  /** ISO 8601. */
  time: 'dlq_time',
} as const;
