import { randomUUID } from 'node:crypto';
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
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Channel, type ChannelDependencies, createGateway, type Inbox } from '@tributary/gateway-kit';
import { createHttpServer, createLogger, type Service } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { onTestFinished } from 'vitest';

const logger = createLogger('test', 'silent');

/** Stores, a log and a clock for one test, and as many replicas of a gateway on them as it runs. */
export async function openWorld({ startMs = Date.now(), publicUrl = '' } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-social-'));
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'documents') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  const clock = new ManualClock(startMs);
  const state = { logFails: false };
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
      if (record.topic === topics.delivery.name) return note(deliveries, decodeEvent(topics.delivery, record));
      if (record.topic === topics.signals.name) return void signals.push(decodeEvent(topics.signals, record));
      note(inbound, decodeEvent(topics.inbound, record));
    },
  });
  closers.push(() => rm(folder, { recursive: true, force: true }));
  for (const store of [eventLog, docStore, blobStore]) closers.push(async () => store[Symbol.asyncDispose]());
  closers.push(() => tail.stop());
  onTestFinished(async () => {
    for (const close of closers.reverse()) await close();
  });
  const dependencies: ChannelDependencies = { blobStore, docStore, clock, logger, publicUrl };
  const ofGateways: EventLog = Object.assign(Object.create(eventLog) as EventLog, {
    append: async (records: readonly NewRecord[]) => {
      if (state.logFails) throw new Error('the log is away');
      await eventLog.append(records);
    },
    consume: eventLog.consume.bind(eventLog),
    tail: eventLog.tail.bind(eventLog),
  });

  return {
    dependencies,
    /** Gateways can append nothing while `logFails`. */
    state,
    eventLog,
    clock,
    inbound: inbound as readonly InboundMessage[],
    deliveries: deliveries as readonly Delivery[],
    signals: signals as readonly Signal[],
    /** Publishes an answer, as ticketing would. */
    publish: (message: OutboundMessage) => eventLog.append([encodeEvent(topics.outbound, message, 'test')]),
    /** Starts a gateway. */
    async run(create: (dependencies: ChannelDependencies) => Channel | Promise<Channel>) {
      const gateway = await createGateway(await create(dependencies), { ...dependencies, eventLog: ofGateways });
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
      return { gateway, url: `http://127.0.0.1:${http.port}` };
    },
    /** So many messages, each once, when they are in the log. */
    async messages(count: number): Promise<readonly InboundMessage[]> {
      return until(`${count} messages`, async () => {
        await clock.advance(1000);
        return inbound.length >= count && inbound;
      });
    },
    /** The message of this number, when it is in the log. The time stands. */
    arrived: (count: number) => until(`message ${count}`, () => inbound.length >= count && inbound[count - 1]),
    /** Ticketing answers a message. */
    async answer(message: InboundMessage, changes: Partial<OutboundMessage>): Promise<OutboundMessage> {
      const own = { id: randomUUID(), createdTime: new Date(clock.now()), parentProviderMessageId: '' };
      const answer = answerTo(message, { ...own, ...changes });
      await eventLog.append([encodeEvent(topics.outbound, answer, 'test')]);
      return answer;
    },
    async attachment(bytes: Uint8Array, mediaType: string, name: string) {
      const { key, size, sha256 } = await blobStore.put(bytes);
      return { blob: { key, size: BigInt(size), sha256, mediaType }, name, contentId: '' };
    },
    /** What a blob holds. */
    async content(key: string | undefined): Promise<string> {
      return Buffer.concat((await (await blobStore.get(key ?? ''))?.toArray()) ?? []).toString();
    },
    /** Moves the time on until it is so. */
    passing: (what: string, isSo: () => boolean, stepMs = 500) =>
      until(what, async () => {
        if (!isSo()) await clock.advance(stepMs);
        return isSo();
      }),
  };
}

/** Once: a repeat with the same id is the same fact. */
function note<T extends { readonly id: string }>(known: T[], fact: T): void {
  if (!known.some(({ id }) => id === fact.id)) known.push(fact);
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
