import { backOffMs, type Clock, delay, type Logger } from '@tributary/runtime';
import type { EachBatchPayload, Kafka, Consumer as KafkaJsConsumer, KafkaMessage } from 'kafkajs';
import type { Consumer, LogRecord } from '../port.ts';
import { kafkaRetry } from './kafka-client.ts';

/**
 * kafkajs fetches again only when all batches of the last fetch have been handled. A batch that takes longer than this is
 * set aside: its partition is paused, its work goes on, and the others are fetched.
 */
const setAsideAfterMs = 100;
/** A killed member's partitions go to the others after this long. */
const sessionTimeoutMs = 10_000;
/** How soon a member notices that the group changes. */
const heartbeatMs = 500;
/** How long a fetch waits for records; they end it at once, this only bounds how late a resumed partition is asked for. */
const fetchWaitMs = 100;
const disconnectTimeoutMs = 5000;

interface KafkaConsumerOptions {
  /** A client of its own. */
  readonly kafka: Kafka;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly topicPrefix: string;
  readonly maxBatch: number;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  /** Commit what was taken; a consumer without commits begins at `positions` whenever it joins. */
  readonly commits: boolean;
  /** The next offset by `topic/partition`. */
  readonly positions?: ReadonlyMap<string, number>;
  /** Resolves true when the records are handled, false when `signal` aborted before; throws what ends the consumer. */
  take(topic: string, partition: number, records: readonly LogRecord[], signal: AbortSignal): Promise<boolean>;
  problems(): readonly string[];
  /** Called when it has stopped, in order or not. */
  ended(): void;
}

/** A batch in hand. */
interface Work {
  readonly abort: AbortController;
  /** The partition is another member's now: nothing may be committed for it. */
  lost: boolean;
  finished: Promise<void>;
}

/** A member of a consumer group on Kafka. */
export class KafkaConsumer implements Consumer {
  readonly done: Promise<void>;
  readonly #options: KafkaConsumerOptions;
  readonly #end = Promise.withResolvers<void>();
  readonly #joined = Promise.withResolvers<void>();
  readonly #stopSignal = new AbortController();
  /** By `topic/partition`. */
  readonly #works = new Map<string, Work>();
  #consumer: KafkaJsConsumer | undefined;
  /** Set while the group shares its partitions anew. */
  #rebalance: PromiseWithResolvers<void> | undefined;
  #problem: string | undefined;
  /** How often it could not join since it last did. */
  #attempts = 0;
  #stopping: Promise<void> | undefined;

  constructor(options: KafkaConsumerOptions) {
    this.#options = options;
    this.done = this.#end.promise;
  }

  /** Joins the group; keeps trying while the brokers are away. Rejects when stopped before. */
  join(): Promise<void> {
    void this.#connect();
    // Whoever asked to join hears of its end by this; nobody has the consumer yet.
    this.#joined.promise.catch(() => this.done.catch(() => undefined));
    return this.#joined.promise;
  }

  async #connect(): Promise<void> {
    const { topics, topicPrefix } = this.#options;
    const { signal } = this.#stopSignal;
    while (!signal.aborted) {
      const consumer = this.#create();
      this.#consumer = consumer;
      try {
        await consumer.connect();
        await consumer.subscribe({ topics: topics.map((topic) => topicPrefix + topic), fromBeginning: true });
        await consumer.run({
          autoCommit: false,
          eachBatchAutoResolve: false,
          partitionsConsumedConcurrently: 128,
          eachBatch: (payload) => this.#eachBatch(payload),
        });
        return;
      } catch (error) {
        await consumer.disconnect().catch(() => undefined);
        if (!signal.aborted) await this.#pause(error as Error);
      }
    }
  }

  async #pause(error: Error): Promise<void> {
    const { clock, logger, groupId } = this.#options;
    const attempt = this.#attempts++;
    this.#problem = `cannot join group ${groupId}: ${error.message}`;
    logger?.warn({ err: error, groupId, attempt }, 'cannot join the consumer group, will retry');
    await delay(clock, backOffMs(attempt, { baseMs: 200, maxMs: 10_000 }), this.#stopSignal.signal);
  }

  problems(): readonly string[] {
    return this.#problem === undefined ? this.#options.problems() : [this.#problem, ...this.#options.problems()];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().then(() => this.#end.resolve());
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopSignal.abort();
    this.#joined.reject(new Error('the consumer was stopped'));
    this.#joined.promise.catch(() => undefined);
    this.#rebalance?.resolve();
    this.#abortWorks();
    await this.#settled();
    const disconnected = this.#consumer?.disconnect().catch((error: unknown) => {
      this.#options.logger?.warn({ err: error }, 'the consumer did not leave its group in order');
    });
    // With the brokers away there is nobody to say goodbye to.
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, disconnectTimeoutMs);
    await Promise.race([disconnected, timeout.promise]);
    clearTimeout(timer);
    this.#options.ended();
  }

  #create(): KafkaJsConsumer {
    const consumer = this.#options.kafka.consumer({
      groupId: this.#options.groupId,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: 30_000,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: fetchWaitMs,
      metadataMaxAge: 60_000,
      allowAutoTopicCreation: false,
      retry: { ...kafkaRetry, restartOnFailure: async () => !this.#stopSignal.signal.aborted },
    });
    const { GROUP_JOIN, REBALANCING, CRASH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoin(consumer, payload.memberAssignment));
    consumer.on(REBALANCING, () => {
      this.#rebalance ??= Promise.withResolvers();
      this.#abortWorks();
    });
    consumer.on(CRASH, ({ payload: { error, restart } }) => {
      this.#problem = `consumer of group ${this.#options.groupId} is down: ${error.message}`;
      this.#abortWorks();
      for (const work of this.#works.values()) work.lost = true;
      this.#rebalance?.resolve();
      // kafkajs gives up on some faults that pass, such as a broker that starts and knows no group coordinator yet.
      if (!restart && !this.#stopSignal.signal.aborted) void this.#pause(error).then(() => this.#connect());
    });
    return consumer;
  }

  /** Called before the first fetch in the new assignment. */
  #onJoin(consumer: KafkaJsConsumer, assignment: Readonly<Record<string, readonly number[]>>): void {
    const { topicPrefix, positions } = this.#options;
    if (this.#stopSignal.signal.aborted) {
      // kafkajs was restarting when it was told to stop, and does not know any more.
      consumer.disconnect().catch(() => undefined);
      return;
    }
    const assigned = new Set<string>();
    for (const [name, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        const place = `${name.slice(topicPrefix.length)}/${partition}`;
        assigned.add(place);
        const position = positions?.get(place);
        if (position !== undefined) consumer.seek({ topic: name, partition, offset: String(position) });
      }
    }
    for (const [place, work] of this.#works) {
      if (assigned.has(place)) continue;
      work.lost = true;
      work.abort.abort();
    }
    this.#problem = undefined;
    this.#attempts = 0;
    this.#rebalance?.resolve();
    this.#rebalance = undefined;
    this.#joined.resolve();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    // Nothing is resolved then: what was fetched comes again, here or elsewhere.
    if (this.#stopSignal.signal.aborted) return this.#settled();
    if (payload.isStale() || !payload.isRunning()) return;
    const { batch } = payload;
    const place = `${batch.topic.slice(this.#options.topicPrefix.length)}/${batch.partition}`;
    const earlier = this.#works.get(place);
    if (earlier !== undefined) {
      await finishedWithin(setAsideAfterMs, earlier.finished);
      return;
    }
    const work: Work = { abort: new AbortController(), lost: false, finished: Promise.resolve() };
    this.#works.set(place, work);
    const finished = this.#work(work, payload).finally(() => this.#works.delete(place));
    work.finished = finished.catch(() => undefined);
    if (await finishedWithin(setAsideAfterMs, work.finished)) return finished;
    const resume = payload.pause();
    finished
      .catch((error: unknown) => {
        // Not committed, so it comes again.
        this.#options.logger?.warn({ err: error, place }, 'a batch was handled but not committed');
      })
      .finally(resume);
  }

  /** Rejects when the commit fails; kafkajs then joins or connects again. */
  async #work(work: Work, { batch, resolveOffset, commitOffsetsIfNecessary }: EachBatchPayload): Promise<void> {
    const { topicPrefix, maxBatch, commits } = this.#options;
    const { topic: name, partition, messages } = batch;
    const topic = name.slice(topicPrefix.length);
    const { signal } = work.abort;
    for (let start = 0; start < messages.length && !signal.aborted; start += maxBatch) {
      const slice = messages.slice(start, start + maxBatch);
      const records = slice.map((message) => toRecord(topic, partition, message));
      try {
        if (!(await this.#options.take(topic, partition, records, signal))) return;
      } catch (error) {
        this.#fail(error);
        return;
      }
      await this.#rebalance?.promise;
      if (work.lost) return;
      const { offset } = slice.at(-1) as KafkaMessage;
      const next = String(Number(offset) + 1);
      if (commits)
        await commitOffsetsIfNecessary({ topics: [{ topic: name, partitions: [{ partition, offset: next }] }] });
      resolveOffset(offset);
    }
  }

  #abortWorks(): void {
    for (const { abort } of this.#works.values()) abort.abort();
  }

  async #settled(): Promise<void> {
    await Promise.all([...this.#works.values()].map(({ finished }) => finished));
  }

  #fail(error: unknown): void {
    this.#problem = `consumer of group ${this.#options.groupId} has ended: ${(error as Error).message}`;
    this.#end.reject(error);
    this.#joined.reject(error);
    this.#stopping ??= this.#stop();
  }
}

/** Whether `work` finished before the time was up. */
function finishedWithin(timeoutMs: number, work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function toRecord(topic: string, partition: number, message: KafkaMessage): LogRecord {
  const headers: Record<string, string> = {};
  for (const name in message.headers) headers[name] = String(message.headers[name]);
  return {
    topic,
    partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key?.toString() ?? '',
    value: message.value ?? new Uint8Array(),
    headers,
  };
}
