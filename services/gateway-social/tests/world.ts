import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  allTopics,
  type Delivery,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  OutboundMessage,
  type Signal,
  topics,
} from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Channel, type ChannelDependencies, createGateway, type Inbox } from '@tributary/gateway-kit';
import { createHttpServer, createLogger, type Service } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { onTestFinished } from 'vitest';

const logger = createLogger('test', 'silent');

/** Stores, a log and a clock for one test, and as many gateways on them as it opens. */
export async function openWorld() {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-social-'));
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'documents') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  const clock = new ManualClock(Date.now());
  const inbound: InboundMessage[] = [];
  const deliveries: Delivery[] = [];
  const signals: Signal[] = [];
  const closers: (() => Promise<unknown>)[] = [];
  await eventLog.applyTopics(
    allTopics.flatMap(({ name, partitions, retentionMs }) => [
      { name, partitions, retentionMs },
      { name: deadLetterTopic(name), partitions: 1, retentionMs: -1 },
    ]),
  );
  const tail = await eventLog.tail({
    topics: [topics.inbound.name, topics.delivery.name, topics.signals.name],
    from: 'start',
    handle(record) {
      if (record.topic === topics.delivery.name) return void deliveries.push(decodeEvent(topics.delivery, record));
      if (record.topic === topics.signals.name) return void signals.push(decodeEvent(topics.signals, record));
      const message = decodeEvent(topics.inbound, record);
      if (!inbound.some(({ id }) => id === message.id)) inbound.push(message);
    },
  });
  closers.push(() => rm(folder, { recursive: true, force: true }));
  for (const store of [eventLog, docStore, blobStore]) closers.push(async () => store[Symbol.asyncDispose]());
  closers.push(() => tail.stop());
  onTestFinished(async () => {
    for (const close of closers.reverse()) await close();
  });
  const dependencies: ChannelDependencies = { blobStore, docStore, clock, logger, publicUrl: '' };

  return {
    dependencies,
    eventLog,
    clock,
    inbound,
    deliveries,
    signals,
    /** Publishes an answer, as ticketing would. */
    publish: (message: OutboundMessage) => eventLog.append([encodeEvent(topics.outbound, message, 'test')]),
    /** Starts a gateway. @returns its address. */
    async open(channel: Channel): Promise<string> {
      const gateway = await createGateway(channel, { ...dependencies, eventLog });
      const http = createHttpServer({
        plugins: [gateway.http],
        host: '127.0.0.1',
        port: 0,
        logger,
        problems: () => [],
      });
      await http.start();
      await gateway.start();
      closers.push(
        () => gateway.stop(),
        () => http.stop(),
      );
      return `http://127.0.0.1:${http.port}`;
    },
    /** So many messages, each once, when they are in the log. */
    async messages(count: number): Promise<readonly InboundMessage[]> {
      return until(`${count} messages`, async () => {
        await clock.advance(1000);
        return inbound.length >= count && inbound;
      });
    },
  };
}

/** Starts what a channel asks or holds, with an inbox of the test's own instead of a gateway. */
export async function connectTo(channel: Channel, inbox: Partial<Inbox>): Promise<Service> {
  const nothing = async () => {};
  const service = await channel.connect?.(
    {
      admit: () => ({ [Symbol.dispose]() {} }),
      ...{ accept: nothing, count: nothing, deadLetter: nothing, report: nothing, signal: nothing },
      ...inbox,
    },
    { find: async () => undefined, conversationOfTicket: async () => undefined },
  );
  if (service === undefined) throw new Error('the channel connects to nothing');
  await service.start();
  onTestFinished(() => service.stop());
  return service;
}

/** What ticketing would send in answer. */
export function answerTo(message: InboundMessage, fields: Partial<OutboundMessage> = {}): OutboundMessage {
  const { channel, account, conversationKey, sender, providerMessageId, visibility } = message;
  return OutboundMessage.fromPartial({
    id: `reply-to-${providerMessageId.replaceAll(/\W/g, '-')}`,
    ticketId: 'ticket-1',
    ticketNumber: '20260501001',
    ...{ channel, account, conversationKey, visibility },
    ...(sender !== undefined && { recipients: [sender] }),
    text: 'Unplug it at once.',
    references: [providerMessageId],
    parentProviderMessageId: visibility === 2 ? providerMessageId : '',
    purpose: 1,
    createdTime: new Date('2026-05-01T08:00:00Z'),
    ...fields,
  });
}
