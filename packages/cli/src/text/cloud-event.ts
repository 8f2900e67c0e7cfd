import { allTopics, deadLetterTopic, decodeEvent } from '@tributary/contracts';
import { type LogRecord, replayedHeader } from '@tributary/eventlog';

/**
 * A record as a CloudEvents 1.0 event in JSON: the attributes of its headers, `data` in protobuf's JSON form, and where
 * it lies in the log as extension attributes. What cannot be decoded keeps its bytes in `data_base64`, with the reason in
 * `malformed`.
 */
export function cloudEventJson(record: LogRecord): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(record.headers)) {
    if (name === 'content-type') attributes['datacontenttype'] = 'application/json';
    // Attribute names are lower-case letters and digits; ours of dead letters have underscores.
    else attributes[name.replace(/^ce_/, '').replaceAll('_', '')] = value;
  }
  const place = {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    partitionkey: record.key,
    logtime: new Date(record.timestampMs).toISOString(),
  };
  // A note that a dead letter was replayed has no content.
  if (record.headers[replayedHeader] !== undefined) return { ...attributes, ...place };
  const topic = allTopics.find(({ name }) => name === record.topic || deadLetterTopic(name) === record.topic);
  try {
    if (topic === undefined) throw new Error('no known topic');
    return { ...attributes, ...place, data: topic.codec.toJSON(decodeEvent(topic, record)) };
  } catch (error) {
    const bytes = Buffer.from(record.value).toString('base64');
    const datacontenttype = record.headers['content-type'] ?? 'application/octet-stream';
    return { ...attributes, ...place, datacontenttype, malformed: (error as Error).message, data_base64: bytes };
  }
}
