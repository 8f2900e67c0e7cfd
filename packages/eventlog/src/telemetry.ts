import {
  type Attributes,
  type Context,
  context,
  type Link,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { contextOf } from '@tributary/contracts';
import type { Clock } from '@tributary/runtime';
import { type Batch, type ConsumeOptions, deadLetterHeaders, type GroupLag, type NewRecord } from './port.ts';

const tracer = trace.getTracer('@tributary/eventlog');
const meter = metrics.getMeter('@tributary/eventlog');

// Labels are topics and consumer groups: both are named in code.
const topicLabel = 'messaging.destination.name';
const groupLabel = 'messaging.consumer.group.name';

const sent = meter.createCounter('messaging.client.sent.messages', {
  description: 'Records that became durable in the log',
  unit: '{message}',
});
const consumed = meter.createCounter('messaging.client.consumed.messages', {
  description: 'Records whose effect is stored',
  unit: '{message}',
});
const processing = meter.createHistogram('messaging.process.duration', {
  description: 'Handling one batch, failed tries too',
  unit: 's',
  advice: { explicitBucketBoundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] },
});
const deadLetters = meter.createCounter('tributary.dead_letters', {
  description: 'Records given up, by the topic they came from',
  unit: '{message}',
});
const commitRecords = meter.createHistogram('tributary.eventlog.commit.records', {
  description: 'Records that shared one fsync or one request to Kafka',
  unit: '{message}',
  advice: { explicitBucketBoundaries: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
});
const lag = meter.createObservableGauge('tributary.consumer.lag', {
  description: 'Records appended and not yet committed by the group',
  unit: '{message}',
});
const oldest = meter.createObservableGauge('tributary.consumer.oldest_unhandled.age', {
  description: 'Age of the oldest record this process has in hand and has not handled; 0 when it has none',
  unit: 's',
});

/** Counts records that are durable now, written together. */
export function countCommit(records: readonly NewRecord[]): void {
  commitRecords.record(records.length);
  const byTopic = new Map<string, number>();
  for (const { topic, headers } of records) {
    byTopic.set(topic, (byTopic.get(topic) ?? 0) + 1);
    const from = headers[deadLetterHeaders.topic];
    if (from !== undefined)
      deadLetters.add(1, { [topicLabel]: from, [groupLabel]: headers[deadLetterHeaders.group] ?? '' });
  }
  for (const [topic, count] of byTopic) sent.add(count, { [topicLabel]: topic });
}

/** A span over an append, in the trace of what is appended. None when nothing of it belongs to a trace. */
export function traceAppend(records: readonly NewRecord[], append: () => Promise<void>): Promise<void> {
  const origin = originOf(records, context.active());
  if (origin === undefined) return append();
  const topics = [...new Set(records.map(({ topic }) => topic))].join(' ');
  const attributes = {
    'messaging.operation.type': 'send',
    'messaging.batch.message_count': records.length,
    [topicLabel]: topics,
  };
  return spanOver(`send ${topics}`, SpanKind.PRODUCER, attributes, origin, append);
}

interface Watched {
  readonly group: string;
  /** By place: the batch in hand. */
  readonly inHand: Map<string, Batch>;
  readonly clock: Clock;
  lag: readonly GroupLag[];
  refresh(): void;
}

const watched = new Set<Watched>();

/**
 * Watches a member of a consumer group: spans, durations, lag, age of what is in hand. Disposing it ends that.
 * @param question Asks for the group's lag. Asked when metrics are read, and answered the next time, so that a broker that does
 * not answer holds up nothing.
 */
export function watchConsumer(
  { group, topics, handle }: ConsumeOptions,
  { clock, lag: question }: { readonly clock: Clock; lag(): Promise<readonly GroupLag[]> },
): Pick<ConsumeOptions, 'handle'> & Disposable {
  let asking = false;
  const member: Watched = {
    group,
    inHand: new Map(),
    clock,
    lag: [],
    refresh() {
      if (asking) return;
      asking = true;
      question()
        .then((answer) => {
          member.lag = answer;
        })
        // Readiness tells of it.
        .catch(() => undefined)
        .finally(() => {
          asking = false;
        });
    },
  };
  watched.add(member);
  // Shown from the start: Prometheus sees no increase in what appears with its first count.
  for (const topic of topics) deadLetters.add(0, { [topicLabel]: topic, [groupLabel]: group });
  return {
    async handle(batch) {
      const place = `${batch.topic}/${batch.partition}`;
      const labels = { [topicLabel]: batch.topic, [groupLabel]: group };
      const startedMs = performance.now();
      member.inHand.set(place, batch);
      try {
        await traceHandling(batch, group, handle);
        member.inHand.delete(place);
        consumed.add(batch.records.length, labels);
        processing.record((performance.now() - startedMs) / 1000, labels);
      } catch (error) {
        processing.record((performance.now() - startedMs) / 1000, { ...labels, 'error.type': nameOf(error) });
        throw error;
      }
    },
    [Symbol.dispose]: () => void watched.delete(member),
  };
}

lag.addCallback((result) => {
  const sums = new Map<string, { value: number; labels: Attributes }>();
  for (const member of watched) {
    member.refresh();
    for (const { topic, lag: value } of member.lag) {
      const key = `${member.group} ${topic}`;
      const before = sums.get(key)?.value ?? 0;
      sums.set(key, { value: before + value, labels: { [topicLabel]: topic, [groupLabel]: member.group } });
    }
  }
  for (const { value, labels } of sums.values()) result.observe(value, labels);
});

oldest.addCallback((result) => {
  const ages = new Map<string, number>();
  for (const { group, inHand, clock } of watched) {
    let ageMs = ages.get(group) ?? 0;
    for (const { signal, records } of inHand.values()) {
      // Taken away: it is in another member's hand.
      if (signal.aborted || records[0] === undefined) continue;
      ageMs = Math.max(ageMs, clock.now() - records[0].timestampMs);
    }
    ages.set(group, ageMs);
  }
  for (const [group, ageMs] of ages) result.observe(ageMs / 1000, { [groupLabel]: group });
});

function traceHandling(batch: Batch, group: string, handle: (batch: Batch) => Promise<void>): Promise<void> {
  const origin = originOf(batch.records, ROOT_CONTEXT);
  if (origin === undefined) return handle(batch);
  const attributes = {
    'messaging.operation.type': 'process',
    'messaging.batch.message_count': batch.records.length,
    'messaging.destination.partition.id': String(batch.partition),
    [topicLabel]: batch.topic,
    [groupLabel]: group,
  };
  return spanOver(`process ${batch.topic}`, SpanKind.CONSUMER, attributes, origin, () => handle(batch));
}

interface Origin {
  readonly parent: Context;
  readonly links: Link[];
}

/** A batch has one parent; of several, each is linked. More links than these the specification drops. */
const maxLinks = 128;

/** Undefined: nothing of it belongs to a trace. */
function originOf(records: readonly NewRecord[], running: Context): Origin | undefined {
  const parents = new Set<string>();
  for (const { headers } of records) {
    const { traceparent } = headers;
    if (traceparent !== undefined) parents.add(traceparent);
    if (parents.size === maxLinks) break;
  }
  const isRunning = trace.getSpan(running) !== undefined;
  if (parents.size === 0 && !isRunning) return undefined;
  const contexts = [...parents].map(contextOf);
  if (contexts.length === 1 && !isRunning) return { parent: contexts[0] as Context, links: [] };
  const links = contexts.map((each) => trace.getSpanContext(each)).filter((each) => each !== undefined);
  const own = trace.getSpanContext(running);
  return {
    parent: running,
    links: links.filter(({ spanId }) => spanId !== own?.spanId).map((each) => ({ context: each })),
  };
}

function spanOver(
  name: string,
  kind: SpanKind,
  attributes: Attributes,
  { parent, links }: Origin,
  work: () => Promise<void>,
): Promise<void> {
  return tracer.startActiveSpan(
    name,
    { kind, links, attributes: { 'messaging.system': 'kafka', ...attributes } },
    parent,
    async (span) => {
      try {
        await work();
      } catch (error) {
        // What an error says may hold what a customer wrote.
        span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttribute('error.type', nameOf(error));
        throw error;
      } finally {
        span.end();
      }
    },
  );
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error';
}
