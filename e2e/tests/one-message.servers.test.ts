import { randomUUID } from 'node:crypto';
import { openGridFsStore } from '@tributary/blobstore/gridfs';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { describe, inject, test } from 'vitest';
import { oneMessageSuite } from './one-message.ts';

const kafkaBrokers = inject('kafkaBrokers');
const mongoUrl = inject('mongoUrl');

if (kafkaBrokers === undefined || mongoUrl === undefined) {
  describe('one message, end to end, on Kafka and MongoDB', () => test.skip('needs a Kafka and a MongoDB'));
} else {
  oneMessageSuite('on Kafka and MongoDB', async () => {
    const name = `e2e-${randomUUID()}`;
    const [eventLog, docStore, blobStore] = await Promise.all([
      openKafkaLog({ brokers: kafkaBrokers.split(','), clientId: 'e2e', topicPrefix: `${name}.` }),
      openMongoStore({ url: mongoUrl, database: name }),
      openGridFsStore({ url: mongoUrl, database: name }),
    ]);
    return {
      eventLog,
      docStore,
      blobStore,
      async [Symbol.asyncDispose]() {
        for (const store of [eventLog, docStore, blobStore]) await store[Symbol.asyncDispose]();
      },
    };
  });
}
