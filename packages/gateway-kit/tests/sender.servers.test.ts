import { randomUUID } from 'node:crypto';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { describe, inject } from 'vitest';
import { promiseOfSender, senderTopics } from './sender-contract.ts';

const brokers = inject('kafkaBrokers');
const url = inject('mongoUrl');

describe.skipIf(brokers === undefined || url === undefined)('on Kafka and the MongoDB protocol', () => {
  promiseOfSender(async () => {
    const name = randomUUID().slice(0, 8);
    const eventLog = await openKafkaLog({
      brokers: brokers?.split(',') ?? [],
      clientId: 'test',
      topicPrefix: `${name}.`,
    });
    const docStore = await openMongoStore({ url: url ?? '', database: `sender_${name}` });
    await eventLog.applyTopics(senderTopics.map((topic) => ({ ...topic, partitions: Math.min(topic.partitions, 4) })));
    return {
      eventLog,
      docStore,
      async [Symbol.asyncDispose]() {
        await eventLog[Symbol.asyncDispose]();
        await docStore[Symbol.asyncDispose]();
      },
    };
  });
});
