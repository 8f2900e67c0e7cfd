import { randomUUID } from 'node:crypto';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { inject } from 'vitest';
import { describeOffers } from './offers-suite.ts';
import { describeRouting } from './routing-suite.ts';

const brokers = inject('kafkaBrokers');
const url = inject('mongoUrl');

if (brokers !== undefined && url !== undefined) {
  const open = async () => {
    const id = randomUUID().slice(0, 8);
    return {
      eventLog: await openKafkaLog({
        brokers: brokers.split(','),
        clientId: 'router-test',
        topicPrefix: `router-${id}.`,
      }),
      docStore: await openMongoStore({ url, database: `router_${id}` }),
    };
  };
  describeRouting('Kafka and MongoDB', open);
  describeOffers('Kafka and MongoDB', open);
}
