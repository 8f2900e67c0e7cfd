import { randomUUID } from 'node:crypto';
import { encodeEvent, InboundMessage, topics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { expect, inject, test } from 'vitest';
import { cli } from './cli.ts';

const brokers = inject('kafkaBrokers');

test.skipIf(brokers === undefined)('topics and tail work on Kafka', async () => {
  await using log = await openKafkaLog({
    brokers: (brokers ?? '').split(','),
    clientId: 'cli-test',
    topicPrefix: `cli-${randomUUID()}.`,
  });
  const applied = await cli(['topics', 'apply', '--json'], { log });
  expect(JSON.parse(applied.stdout).created).toContain('messages.inbound.v1.dlq');
  const records = Array.from({ length: 20 }, (_, index) =>
    encodeEvent(topics.inbound, InboundMessage.fromJSON({ id: `m${index}`, conversationKey: `k${index % 5}` }), 'test'),
  );
  await log.append(records);
  for (const from of ['start', '2020-01-01']) {
    const { stdout, exitCode } = await cli(['tail', 'messages.inbound.v1', '--from', from, '--no-follow'], { log });
    expect(exitCode).toBe(0);
    const ids = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id);
    // A set: the log is at least once, and while the new topics had no leaders yet the producer repeated itself.
    expect(new Set(ids), from).toEqual(new Set(records.map((_, index) => `m${index}`)));
  }
  const nothing = await cli(['tail', 'messages.delivery.v1', '--from', 'start', '--no-follow'], { log });
  expect(nothing.stdout).toBe('');
});
