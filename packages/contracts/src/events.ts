import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Codec, Topic } from './topics.ts';
import { activeTraceparent } from './trace-context.ts';

/** A record of the event log as a producer gives it. */
export interface EventRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** A record that cannot be an event of its topic. It can never succeed: it belongs in the dead-letter topic. */
export class MalformedEventError extends Error {
  override readonly name = 'MalformedEventError';
}

const contentType = 'application/protobuf';

/**
 * Encodes a message as a CloudEvents 1.0 event in the Kafka protocol binding's binary mode.
 * @param source CloudEvents `source`: the service that says so, for example `tributary/router`.
 * @param traceparent W3C trace context. Default: of what runs now. Left out outside of any trace.
 */
export function encodeEvent<T>(
  topic: Topic<T>,
  message: T,
  source: string,
  traceparent = activeTraceparent(),
): EventRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: topic.id(message),
    ce_type: topic.type,
    ce_source: source,
    ce_subject: topic.subject(message),
    'content-type': contentType,
  };
  const time = topic.time(message);
  if (time !== undefined) headers.ce_time = time.toISOString();
  if (traceparent !== undefined) headers.traceparent = traceparent;
  return { topic: topic.name, key: topic.key(message), value: encodeMessage(topic.codec, message), headers };
}

/** Kept from event to event: growing a new one to the size of each costs as much as the encoding. */
let writer = new BinaryWriter();

function encodeMessage<T>(codec: Codec<T>, message: T): Uint8Array {
  try {
    return codec.encode(message, writer).finish();
  } catch (error) {
    // It holds half a message.
    writer = new BinaryWriter();
    throw error;
  }
}

/**
 * Decodes a record of `topic`.
 * @throws MalformedEventError when its headers are not those of such an event or its bytes are not such a message.
 */
export function decodeEvent<T>(topic: Topic<T>, record: Pick<EventRecord, 'value' | 'headers'>): T {
  if (record.headers.ce_type !== topic.type) {
    throw new MalformedEventError(`ce_type must be ${topic.type}, is ${record.headers.ce_type ?? 'absent'}`);
  }
  if (record.headers['content-type'] !== contentType) {
    throw new MalformedEventError(
      `content-type must be ${contentType}, is ${record.headers['content-type'] ?? 'absent'}`,
    );
  }
  try {
    const message = topic.codec.decode(record.value);
    if (topic.key(message) === '') throw new MalformedEventError(`${topic.keyedBy} must not be empty`);
    return message;
  } catch (error) {
    if (error instanceof MalformedEventError) throw error;
    throw new MalformedEventError(`the value is not a ${topic.type}: ${(error as Error).message}`);
  }
}
