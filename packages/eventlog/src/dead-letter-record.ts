import { deadLetterTopic } from '@tributary/contracts';
import { deadLetterHeaders, type LogRecord, type NewRecord, type TopicSpec } from './port.ts';

/** Keeps a stack or a dump of the input out of a header; a person needs the reason, and the value is there anyway. */
const maxCauseCharacters = 500;

/** The record as it goes into `<topic>.dlq`: same key, value and `ce_id`, with cause and origin as headers. */
export function toDeadLetter(record: LogRecord, cause: Error, group: string, nowMs: number): NewRecord {
  return {
    topic: deadLetterTopic(record.topic),
    key: record.key,
    value: record.value,
    headers: {
      ...record.headers,
      [deadLetterHeaders.cause]: `${cause.name}: ${cause.message}`.slice(0, maxCauseCharacters),
      [deadLetterHeaders.topic]: record.topic,
      [deadLetterHeaders.partition]: String(record.partition),
      [deadLetterHeaders.offset]: String(record.offset),
      [deadLetterHeaders.group]: group,
      [deadLetterHeaders.time]: new Date(nowMs).toISOString(),
    },
  };
}

/**
 * Adds the dead-letter topic of each topic that the list does not name itself: a consumer must never find that there is
 * nowhere to put poison. One partition, kept for ever.
 */
export function withDeadLetterTopics(specs: readonly TopicSpec[]): readonly TopicSpec[] {
  const named = new Set(specs.map((spec) => spec.name));
  const missing = specs
    .filter((spec) => !isDeadLetterTopic(spec.name) && !named.has(deadLetterTopic(spec.name)))
    .map((spec) => ({ name: deadLetterTopic(spec.name), partitions: 1, retentionMs: -1 }));
  return [...specs, ...missing];
}

function isDeadLetterTopic(topicName: string): boolean {
  return topicName.endsWith(deadLetterTopic(''));
}
