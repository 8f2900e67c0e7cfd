import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  allTopics,
  type Delivery,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  OutboundMessage,
  OutboundPurpose,
  type Signal,
  type Topic,
  topics,
} from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Channel, type ChannelDependencies, createGateway, type Gateway } from '@tributary/gateway-kit';
import { createHttpServer, createLogger, type Service } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { onTestFinished } from 'vitest';

const logger = createLogger('test', 'silent');

/** A log, stores and a clock; any number of replicas of a gateway on them. */
export async function openGround({ startMs = Date.now(), publicUrl = '' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-social-'));
  const log = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'docs') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  await log.applyTopics(allTopics);
  const clock = new ManualClock(startMs);
  const running: Service[] = [];
  const state = { logFails: false };
  const eventLog: EventLog = Object.assign(Object.create(log) as EventLog, {
    append: async (records: readonly NewRecord[]) => {
      if (state.logFails) throw new Error('the log is away');
      await log.append(records);
    },
    consume: log.consume.bind(log),
    tail: log.tail.bind(log),
  });
  onTestFinished(async () => {
    for (const service of running.reverse()) await service.stop();
    await log[Symbol.asyncDispose]();
    await docStore[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const inbound = await follow(log, topics.inbound);
  const deliveries = await follow(log, topics.delivery);
  const signals = await follow(log, topics.signals);
  const dependencies: ChannelDependencies = { blobStore, docStore, clock, logger, publicUrl };

  return {
    state,
    clock,
    blobStore,
    docStore,
    dependencies,
    inbound: inbound as readonly InboundMessage[],
    deliveries: deliveries as readonly Delivery[],
    signals: signals as readonly Signal[],
    /** Another replica. */
    async run(create: (dependencies: ChannelDependencies) => Channel | Promise<Channel>) {
      const gateway = await createGateway(await create(dependencies), { ...dependencies, eventLog });
      const http = createHttpServer({
        plugins: [gateway.http],
        host: '127.0.0.1',
        port: 0,
        logger,
        problems: () => [],
      });
      await http.start();
      await gateway.start();
      running.push(http, gateway);
      return { gateway, url: `http://127.0.0.1:${http.port}` } satisfies { gateway: Gateway; url: string };
    },
    /** The next message that reaches the log. */
    arrived: (count: number) => until(`message ${count}`, () => inbound.length >= count && inbound[count - 1]),
    /** Ticketing answers a message. */
    async answer(message: InboundMessage, changes: Partial<OutboundMessage>): Promise<OutboundMessage> {
      const { channel, account, conversationKey, sender, providerMessageId, visibility } = message;
      const answer = OutboundMessage.fromPartial({
        id: `answer-${deliveries.length}-${Math.random()}`,
        ticketId: 'ticket-1',
        channel,
        account,
        conversationKey,
        ...(sender !== undefined && { recipients: [sender] }),
        references: [providerMessageId],
        visibility,
        purpose: OutboundPurpose.OUTBOUND_PURPOSE_REPLY,
        createdTime: new Date(clock.now()),
        ...changes,
      });
      await log.append([encodeEvent(topics.outbound, answer, 'test')]);
      return answer;
    },
    append: log.append.bind(log),
    async attachment(bytes: Uint8Array, mediaType: string, name: string) {
      const { key, size, sha256 } = await blobStore.put(bytes);
      return { blob: { key, size: BigInt(size), sha256, mediaType }, name, contentId: '' };
    },
    /** What a blob holds. */
    async content(key: string | undefined): Promise<string> {
      return Buffer.concat(await ((await blobStore.get(key ?? ''))?.toArray() ?? [])).toString();
    },
    /** Moves the time on until it is so. */
    passing: (what: string, isSo: () => boolean, stepMs = 500) =>
      until(what, async () => {
        if (!isSo()) await clock.advance(stepMs);
        return isSo();
      }),
  };
}

async function follow<T>(eventLog: EventLog, topic: Topic<T>): Promise<T[]> {
  const seen = new Set<string>();
  const list: T[] = [];
  await eventLog.tail({
    topics: [topic.name],
    from: 'start',
    handle(record) {
      const message = decodeEvent(topic, record);
      if (seen.has(topic.id(message))) return;
      seen.add(topic.id(message));
      list.push(message);
    },
  });
  return list;
}
