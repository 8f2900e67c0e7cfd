import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { backOffMs, type Clock, delay, type KafkaConnection, type Logger, systemClock } from '@tributary/runtime';
import type { Kafka } from 'kafkajs';
import { toDeadLetter, withDeadLetterTopics } from '../dead-letter-record.ts';
import { handleUntilDone, type InHand, type Problems } from '../handle-until-done.ts';
import {
  type ConsumeOptions,
  type Consumer,
  LogRefusedError,
  type LogStatistics,
  type NewRecord,
  type OpenedLog,
  type TailOptions,
  type TopicSpec,
} from '../port.ts';
import { checkRecord, maxValueBytes } from '../record-limits.ts';
import { countCommit, traceAppend, watchConsumer } from '../telemetry.ts';
import { Coalescer } from './coalescer.ts';
import { createKafka } from './kafka-client.ts';
import { KafkaConsumer } from './kafka-consumer.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { KafkaTopics } from './kafka-topics.ts';

export interface KafkaLogOptions extends KafkaConnection {
  readonly clientId: string;
  /** Goes before the names of topics and groups on the brokers; callers never see it. Default none. */
  readonly topicPrefix?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
  /** How long an append waits for brokers that are away. Default 30 s. */
  readonly appendTimeoutMs?: number;
  /** Of topics that `applyTopics` creates. Default -1: the brokers' own default. */
  readonly replicationFactor?: number;
}

/**
 * The log on Kafka. Opening it connects to nothing: `append`, `consume` and `tail` connect when first used and keep trying
 * while the brokers are away; `problems()` says so meanwhile.
 */
export async function openKafkaLog(options: KafkaLogOptions): Promise<OpenedLog> {
  return new KafkaLog(options);
}

class KafkaLog implements OpenedLog {
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #logger: Logger | undefined;
  readonly #createKafka: () => Kafka;
  readonly #topics: KafkaTopics;
  readonly #producer: KafkaProducer;
  readonly #coalescer: Coalescer;
  readonly #knownTopics = new Set<string>();
  /** Looked up in vain before: the next look-up does not wait. */
  readonly #absentTopics = new Set<string>();
  readonly #groupTopics = new Map<string, Set<string>>();
  readonly #consumers = new Set<Consumer>();
  readonly #inHand = new Set<InHand>();
  /** Nobody else can ask these for their problems yet. */
  readonly #joining = new Set<Consumer>();
  #lookUpProblem: string | undefined;
  #commits = 0;
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  constructor(options: KafkaLogOptions) {
    const { clientId, logger } = options;
    this.#prefix = options.topicPrefix ?? '';
    this.#clock = options.clock ?? systemClock;
    this.#logger = logger;
    this.#createKafka = () => createKafka({ connection: options, clientId, logger });
    this.#topics = new KafkaTopics(this.#createKafka(), this.#prefix, options.replicationFactor ?? -1);
    this.#producer = new KafkaProducer(this.#createKafka(), (topic) => this.#prefix + topic);
    this.#coalescer = new Coalescer({
      clock: this.#clock,
      maxRecords: 500,
      // All of a request may go to one partition, and a broker takes 1 MiB per partition by default.
      maxBytes: maxValueBytes,
      timeoutMs: options.appendTimeoutMs ?? 30_000,
      send: (records) => this.#send(records),
    });
  }

  async append(records: readonly NewRecord[]): Promise<void> {
    for (const record of records) checkRecord(record);
    await traceAppend(records, () => this.#enqueue(records));
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    await this.#mustExist(options.topics);
    const problems: Problems = new Map();
    const { group } = options;
    const context = { clock: this.#clock, logger: this.#logger, problems, inHand: this.#inHand, group };
    const watch = watchConsumer(options, { clock: this.#clock, lag: () => this.lag(options.group) });
    const consumer: KafkaConsumer = new KafkaConsumer({
      kafka: this.#createKafka(),
      groupId: this.#prefix + options.group,
      topics: options.topics,
      topicPrefix: this.#prefix,
      maxBatch: options.maxBatch ?? 500,
      clock: this.#clock,
      logger: this.#logger,
      commits: true,
      take: (topic, partition, records, signal) => {
        const batch = {
          topic,
          partition,
          records,
          signal,
          // The fetch loop keeps the membership alive however long a batch takes.
          deadLetter: (record: (typeof records)[number], cause: Error) =>
            this.#enqueue([toDeadLetter(record, cause, options.group, this.#clock.now())]),
        };
        return handleUntilDone(batch, watch.handle, context);
      },
      problems: () => [...problems.values()],
      ended: () => {
        watch[Symbol.dispose]();
        this.#consumers.delete(consumer);
      },
    });
    const known = this.#groupTopics.get(options.group) ?? new Set();
    this.#groupTopics.set(options.group, new Set([...known, ...options.topics]));
    return this.#join(consumer);
  }

  async tail(options: TailOptions): Promise<Consumer> {
    await this.#mustExist(options.topics);
    const positions = await this.#keepTrying('find where to begin', () =>
      this.#topics.positions(options.topics, options.from),
    );
    const consumer: KafkaConsumer = new KafkaConsumer({
      kafka: this.#createKafka(),
      // A group of its own that commits nothing; Kafka forgets it when it is empty.
      groupId: `${this.#prefix}tail-${randomUUID()}`,
      topics: options.topics,
      topicPrefix: this.#prefix,
      maxBatch: 500,
      clock: this.#clock,
      logger: this.#logger,
      commits: false,
      positions,
      take: async (topic, partition, records, signal) => {
        const place = `${topic}/${partition}`;
        for (const record of records) {
          if (signal.aborted) return false;
          // After joining again kafkajs may hand out what it had fetched before.
          if (record.offset < (positions.get(place) ?? 0)) continue;
          positions.set(place, record.offset + 1);
          await options.handle(record);
        }
        return true;
      },
      problems: () => [],
      ended: () => this.#consumers.delete(consumer),
    });
    return this.#join(consumer);
  }

  async applyTopics(topics: readonly TopicSpec[]) {
    this.#mustBeOpen();
    return this.#topics.apply(withDeadLetterTopics(topics));
  }

  async listTopics() {
    this.#mustBeOpen();
    return this.#topics.list();
  }

  async lag(group: string) {
    this.#mustBeOpen();
    return this.#topics.lag(group, this.#groupTopics.get(group) ?? []);
  }

  inHand(): readonly InHand[] {
    return [...this.#inHand];
  }

  get statistics(): LogStatistics {
    return { commits: this.#commits };
  }

  problems(): readonly string[] {
    const own = [this.#coalescer.problem, this.#lookUpProblem].filter((problem) => problem !== undefined);
    return [...own, ...[...this.#joining].flatMap((consumer) => consumer.problems())];
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    this.#closing.abort();
    await this.#coalescer.drained();
    await this.#producer.close();
  }

  async #join(consumer: KafkaConsumer): Promise<Consumer> {
    this.#consumers.add(consumer);
    this.#joining.add(consumer);
    try {
      await consumer.join();
    } finally {
      this.#joining.delete(consumer);
    }
    return consumer;
  }

  async #enqueue(records: readonly NewRecord[]): Promise<void> {
    this.#mustBeOpen();
    await this.#coalescer.append(records);
  }

  /** In the order of the calls, so the look-up of a new topic cannot let a later record overtake. */
  async #send(records: readonly NewRecord[]): Promise<void> {
    const missing = await this.#missing(records.map(({ topic }) => topic));
    if (missing.length > 0) throw noSuchTopic(missing);
    await this.#producer.send(records);
    this.#commits++;
    countCommit(records);
  }

  /** Keeps asking while the brokers are away. @throws LogRefusedError when one of the topics does not exist. */
  async #mustExist(topics: readonly string[]): Promise<void> {
    this.#mustBeOpen();
    const missing = await this.#keepTrying('look up topics', () => this.#missing(topics));
    if (missing.length > 0) throw noSuchTopic(missing);
  }

  async #missing(topics: readonly string[]): Promise<string[]> {
    const missing: string[] = [];
    for (const topic of new Set(topics)) {
      if (this.#knownTopics.has(topic)) continue;
      if (await this.#exists(topic)) this.#knownTopics.add(topic);
      else missing.push(topic);
    }
    return missing;
  }

  /** Gives the brokers a second to hear of a topic that was just made, once. */
  async #exists(topic: string): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      if (await this.#topics.exists(topic)) return true;
      if (attempt === 5 || this.#absentTopics.has(topic)) break;
      await setTimeout(200);
    }
    this.#absentTopics.add(topic);
    return false;
  }

  async #keepTrying<T>(what: string, question: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await question();
        this.#lookUpProblem = undefined;
        return answer;
      } catch (error) {
        if (this.#closing.signal.aborted) throw error;
        this.#lookUpProblem = `cannot ${what}: ${(error as Error).message}`;
        this.#logger?.warn({ err: error, attempt }, `cannot ${what}, will retry`);
        await delay(this.#clock, backOffMs(attempt, { baseMs: 200, maxMs: 5000 }), this.#closing.signal);
      }
    }
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw new Error('the log is closed');
  }
}

function noSuchTopic(missing: readonly string[]): LogRefusedError {
  return new LogRefusedError(`there is no topic ${missing.join(' or ')}`);
}
