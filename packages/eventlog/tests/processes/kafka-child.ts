// A member of a group on Kafka that takes a batch and never finishes it. Prints `holds <id>`; to be killed.
import { writeSync } from 'node:fs';
import { openKafkaLog } from '../../src/kafka/index.ts';

const [brokers = '', topicPrefix = ''] = process.argv.slice(2);
const log = await openKafkaLog({ brokers: [brokers], clientId: 'child', topicPrefix });
await log.consume({
  group: 'readers',
  topics: ['orders.v1'],
  handle: async ({ records }) => {
    for (const { headers } of records) writeSync(1, `holds ${headers['ce_id']}\n`);
    await new Promise(() => {});
  },
});
