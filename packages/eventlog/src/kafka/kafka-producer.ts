import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { LogRefusedError, type NewRecord } from '../port.ts';
import { kafkaRetry } from './kafka-client.ts';
import { protocolErrorOf } from './protocol-error.ts';

/** Kafka's errors for records that it will not take however often they are sent. */
const refusals = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_RECORD',
  'TOPIC_AUTHORIZATION_FAILED',
  'POLICY_VIOLATION',
]);

/** Sends one request at a time: whoever calls it waits for the last one. Connects when first used. */
export class KafkaProducer {
  readonly #producer: Producer;
  readonly #nameOf: (topic: string) => string;
  #connected = false;

  /** @param nameOf The topic's name on the broker. */
  constructor(kafka: Kafka, nameOf: (topic: string) => string) {
    this.#nameOf = nameOf;
    this.#producer = kafka.producer({
      // idempotent: true loses acknowledged records when a response is lost; consumers drop repeats by ce_id instead.
      idempotent: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      // Longer outages are waited for by whoever calls.
      retry: { ...kafkaRetry, retries: 1 },
    });
  }

  /** Resolves when all in-sync replicas have the records. @throws LogRefusedError when they never will. */
  async send(records: readonly NewRecord[]): Promise<void> {
    if (!this.#connected) await this.#producer.connect();
    this.#connected = true;
    const byTopic = new Map<string, { key: string; value: Buffer; headers: Record<string, string> }[]>();
    for (const { topic, key, value, headers } of records) {
      const message = { key, value: asBuffer(value), headers };
      const messages = byTopic.get(topic);
      if (messages === undefined) byTopic.set(topic, [message]);
      else messages.push(message);
    }
    const topicMessages = [...byTopic].map(([topic, messages]) => ({ topic: this.#nameOf(topic), messages }));
    try {
      await this.#producer.sendBatch({ acks: -1, timeout: 10_000, topicMessages });
    } catch (error) {
      const type = protocolErrorOf(error);
      if (type === undefined || !refusals.has(type)) throw error;
      throw new LogRefusedError(`Kafka refuses the record: ${type}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.#connected) await this.#producer.disconnect();
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
