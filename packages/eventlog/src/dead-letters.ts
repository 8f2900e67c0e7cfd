import { deadLetterTopic } from '@tributary/contracts';
import { deadLetterHeaders, type EventLog, type LogRecord } from './port.ts';

/**
 * Header of a note in a dead-letter topic that says which dead letter was replayed, as `partition-offset`. Notes have that
 * letter's key and no value. Being records, they are as durable as what they speak of, on every adapter.
 */
export const replayedHeader = 'dlq_replayed';

/** A record that could never be handled. */
export interface DeadLetter {
  /** `partition-offset` in the dead-letter topic. */
  readonly id: string;
  /** As it lies in the dead-letter topic. */
  readonly record: LogRecord;
  readonly origin: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** The consumer group that gave it up. */
  readonly group: string;
  readonly cause: string;
  /** ISO 8601. */
  readonly time: string;
  /** When it was last replayed, in ms since the epoch. */
  readonly replayedAtMs: number | undefined;
}

/** The dead letters of a topic, oldest first per partition; with those already replayed only when asked. */
export async function listDeadLetters(
  log: EventLog,
  topic: string,
  { includeReplayed = false } = {},
): Promise<readonly DeadLetter[]> {
  const records = await readWhole(log, deadLetterTopic(topic));
  const replayedAtMs = new Map<string, number>();
  for (const { headers, timestampMs } of records) {
    const id = headers[replayedHeader];
    if (id !== undefined) replayedAtMs.set(id, timestampMs);
  }
  return records
    .filter(({ headers }) => headers[replayedHeader] === undefined)
    .map((record) => toDeadLetter(record, topic, replayedAtMs))
    .filter((letter) => includeReplayed || letter.replayedAtMs === undefined);
}

/** The dead letter with an id, replayed or not. */
export async function findDeadLetter(log: EventLog, topic: string, id: string): Promise<DeadLetter | undefined> {
  return (await listDeadLetters(log, topic, { includeReplayed: true })).find((letter) => letter.id === id);
}

/**
 * Appends dead letters to the topic they came from, with the headers they had, the same `ce_id` too, and notes that they
 * were replayed. A crash in between, or a repeat, appends them again: consumers drop what they have seen.
 */
export async function replayDeadLetters(log: EventLog, letters: readonly DeadLetter[]): Promise<void> {
  await log.append(
    letters.map(({ record, origin }) => ({
      topic: origin.topic,
      key: record.key,
      value: record.value,
      headers: originalHeaders(record),
    })),
  );
  await log.append(
    letters.map(({ id, record }) => ({
      topic: record.topic,
      key: record.key,
      value: new Uint8Array(),
      headers: { [replayedHeader]: id },
    })),
  );
}

function toDeadLetter(record: LogRecord, topic: string, replayedAtMs: ReadonlyMap<string, number>): DeadLetter {
  const { headers } = record;
  const id = `${record.partition}-${record.offset}`;
  return {
    id,
    record,
    origin: {
      topic: headers[deadLetterHeaders.topic] ?? topic,
      partition: Number(headers[deadLetterHeaders.partition] ?? -1),
      offset: Number(headers[deadLetterHeaders.offset] ?? -1),
    },
    group: headers[deadLetterHeaders.group] ?? '',
    cause: headers[deadLetterHeaders.cause] ?? '',
    time: headers[deadLetterHeaders.time] ?? new Date(record.timestampMs).toISOString(),
    replayedAtMs: replayedAtMs.get(id),
  };
}

function originalHeaders({ headers }: LogRecord): Record<string, string> {
  const added = new Set<string>(Object.values(deadLetterHeaders));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !added.has(name)));
}

/** Everything in a topic at this moment. Dead-letter topics are small, and nothing in them expires. */
async function readWhole(log: EventLog, topic: string): Promise<LogRecord[]> {
  const status = (await log.listTopics()).find(({ name }) => name === topic);
  const count = status?.records ?? 0;
  if (count === 0) return [];
  const records: LogRecord[] = [];
  const complete = Promise.withResolvers<void>();
  const tail = await log.tail({
    topics: [topic],
    from: 'start',
    handle: (record) => {
      if (records.length < count) records.push(record);
      if (records.length === count) complete.resolve();
    },
  });
  try {
    await Promise.race([complete.promise, tail.done]);
  } finally {
    await tail.stop();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
