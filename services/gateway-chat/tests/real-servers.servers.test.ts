import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { allTopics, DeliveryStatus } from '@tributary/contracts';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { until } from '@tributary/testing';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { deliveriesOf, inboundOf, outboundMessage, publish, type Replica, startReplica } from './chat-harness.ts';

const brokers = inject('kafkaBrokers');
const url = inject('mongoUrl');

describe.skipIf(brokers === undefined || url === undefined)('two replicas on Kafka and the MongoDB protocol', () => {
  const name = `chat_${crypto.randomUUID().slice(0, 8)}`;
  const closing: AsyncDisposable[] = [];
  let one: Replica;
  let two: Replica;
  let eventLog: Awaited<ReturnType<typeof openKafkaLog>>;

  /** Each replica has its own connections, as separate processes have. */
  async function open() {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-chat-'));
    const log = await openKafkaLog({
      brokers: (brokers ?? '').split(','),
      clientId: name,
      topicPrefix: `${name}.`,
    });
    const docStore = await openMongoStore({ url: url ?? '', database: name });
    const blobStore = await openDirectoryStore({ folder });
    closing.push({ [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }, log, docStore, blobStore);
    return { eventLog: log, docStore, blobStore };
  }

  beforeAll(async () => {
    const stores = await open();
    eventLog = stores.eventLog;
    await eventLog.applyTopics(
      allTopics.map(({ name, partitions, retentionMs }) => ({ name, partitions, retentionMs })),
    );
    [one, two] = await Promise.all([startReplica(stores), startReplica(await open())]);
  });

  afterAll(async () => {
    await Promise.all([one?.[Symbol.asyncDispose](), two?.[Symbol.asyncDispose]()]);
    for (const resource of closing.toReversed()) await resource[Symbol.asyncDispose]();
  });

  test('tabs on both show one transcript while both sides write at once, and everything is in the log once and in order', async () => {
    const inbound = await inboundOf(eventLog);
    const left = await one.join();
    const right = await two.join({ token: left.session.token });
    for (let index = 0; index < 8; index++) {
      left.write(`left ${index}`);
      right.write(`right ${index}`);
      await publish(eventLog, outboundMessage(left.session.sessionId, `agent ${index}`));
    }
    for (const client of [left, right]) await until('all of it', () => client.texts.length === 24);
    expect(left.of('message')).toEqual(right.of('message'));
    expect(left.of('message').map((frame) => frame.sequence)).toEqual(Array.from({ length: 24 }, (_, at) => at + 1));
    for (const side of ['left', 'right', 'agent']) {
      const own = left.texts.filter((text) => text.startsWith(side));
      expect(own).toEqual(Array.from({ length: 8 }, (_, index) => `${side} ${index}`));
    }
    const seen = () => [...new Map(inbound.map((message) => [message.id, message.text])).values()];
    await until('all in the log', () => seen().length === 16);
    // Both replicas may bring the same message into the log; what counts is the first of each id.
    expect(seen()).toEqual(left.texts.filter((text) => !text.startsWith('agent')));
  });

  test('visitors on either get every answer and their marks are reported', async () => {
    const deliveries = await deliveriesOf(eventLog);
    const clients = await Promise.all(Array.from({ length: 8 }, (_, index) => (index % 2 ? one : two).join()));
    await publish(eventLog, ...clients.map((client) => outboundMessage(client.session.sessionId, 'answer')));
    for (const client of clients) {
      await client.next('message');
      client.send({ type: 'read', sequence: 1 });
    }
    const own = new Set(clients.map((client) => `chat:${client.session.sessionId}`));
    const read = DeliveryStatus.DELIVERY_STATUS_READ;
    const isOurs = (delivery: (typeof deliveries)[number]) => own.has(delivery.conversationKey);
    await until(
      'all read',
      () => deliveries.filter((delivery) => isOurs(delivery) && delivery.status === read).length === 8,
    );
  });

  test('a client that was cut off goes on at the other replica', async () => {
    const client = await one.join();
    client.write('one');
    await client.next('ack');
    client.socket.terminate();
    const again = await two.join({ token: client.session.token, lastSequence: 1 });
    again.write('two');
    expect(await again.next('message')).toMatchObject({ text: 'two', sequence: 2 });
  });
});
