import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Delivery,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  OutboundMessage,
  OutboundPurpose,
  type Topic,
  topics,
} from '@tributary/contracts';
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { createHttpServer, createLogger } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { onTestFinished } from 'vitest';
import { createGateway } from '../src/index.ts';
import { openLog, openStores, type Place, type Servers } from './stores.ts';
import type { ChannelSubject, CustomerMessage, ProviderRequest } from './subject.ts';

const logger = createLogger('test', 'silent');

/** All that a gateway reads and writes. */
const gatewayTopics = [
  topics.inbound,
  topics.outbound,
  topics.delivery,
  topics.signals,
  topics.channels,
  topics.offers,
];

/** A provider, and one gateway at a time on a log and stores of its own, with an HTTP server before it. */
export async function openWorld(subject: ChannelSubject, servers: Servers | undefined) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-channel-'));
  const name = `channel_${randomUUID().slice(0, 8)}`;
  const place: Place = { folder, ...(servers !== undefined && { servers: { ...servers, name } }) };
  // The same whenever it is opened, so that customers find it again.
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = await subject.startProvider();
  const clock = new ManualClock(subject.startMs ?? Date.now());
  let logFails = false;
  let released: Promise<void> | undefined;
  let held = 0;
  let running: Awaited<ReturnType<typeof run>> | undefined;
  const ours = new Set<string>();

  onTestFinished(async () => {
    await close();
    await provider[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function run() {
    const stores = await openStores(place);
    await stores.eventLog.applyTopics([
      ...gatewayTopics.map(({ name, retentionMs }) => ({ name, partitions: 2, retentionMs })),
      ...[topics.inbound, topics.outbound].map(({ name }) => ({
        name: deadLetterTopic(name),
        partitions: 1,
        retentionMs: -1,
      })),
    ]);
    const inbound = await follow(stores.eventLog, topics.inbound);
    const deliveries = await follow(stores.eventLog, topics.delivery);
    const eventLog: EventLog = Object.assign(Object.create(stores.eventLog) as EventLog, {
      append: async (records: readonly NewRecord[]) => {
        if (logFails) throw new Error('the log is away');
        if (released !== undefined) {
          held += 1;
          await released.finally(() => {
            held -= 1;
          });
        }
        await stores.eventLog.append(records);
      },
      consume: stores.eventLog.consume.bind(stores.eventLog),
      tail: stores.eventLog.tail.bind(stores.eventLog),
    });
    const ground = { ...stores, eventLog, clock, logger, publicUrl: '' };
    const channel = await subject.createChannel(provider.url, ground);
    const gateway = await createGateway(channel, ground);
    const http = createHttpServer({ plugins: [gateway.http], host: '127.0.0.1', port, logger, problems: () => [] });
    await http.start();
    await gateway.start();
    return {
      stores,
      gateway,
      idempotent: channel.idempotent === true,
      listensOnly: channel.capabilities.listensOnly,
      inbound,
      deliveries,
      async close() {
        await http.stop();
        await gateway.stop();
        await stores.eventLog[Symbol.asyncDispose]();
        await stores.docStore[Symbol.asyncDispose]();
      },
    };
  }

  async function close(): Promise<void> {
    let ended = false;
    const closing = running?.close().finally(() => {
      ended = true;
    });
    running = undefined;
    // What it has in hand may be waiting for its time, as a back-off does.
    while (closing !== undefined && !ended) {
      await clock.advance(1000);
      await Promise.race([closing, sleep(10)]);
    }
    await closing;
  }

  const answers = (message: InboundMessage, texts: readonly string[]) =>
    texts.map((text) => {
      ours.add(text);
      return encodeEvent(topics.outbound, answer(message, text, clock.now()), 'test');
    });

  const here = () => {
    if (running === undefined) throw new Error('the gateway does not run');
    return running;
  };

  return {
    place,
    port,
    url,
    provider,
    clock,
    close,
    get idempotent() {
      return here().idempotent;
    },
    get listensOnly() {
      return here().listensOnly;
    },
    get inbound(): readonly InboundMessage[] {
      return here().inbound;
    },
    get deliveries(): readonly Delivery[] {
      return here().deliveries;
    },
    async open() {
      running = await run();
    },
    /** The log takes nothing while this is true. */
    set logFails(value: boolean) {
      logFails = value;
    },
    /** Lets appends wait until the returned function is called. */
    holdLog(): () => void {
      const gate = Promise.withResolvers<void>();
      released = gate.promise;
      return () => {
        released = undefined;
        gate.resolve();
      };
    },
    /** Appends that wait. */
    get held() {
      return held;
    },
    request: (request: ProviderRequest) => makeRequest(url, request),
    /** The provider brings a message. @returns false when we said to come again. @throws when it was refused for good. */
    async bring(message: CustomerMessage): Promise<boolean> {
      const { calls, write } = provider;
      if (write !== undefined) return write(message, url);
      if (calls === undefined) return true;
      const status = await makeRequest(url, calls.message(message, url, clock.now()));
      if (status >= 400 && status < 500) throw new Error(`refused with ${status}`);
      return status < 300;
    },
    /** The customer writes, and the message reaches the log. */
    async write(message: CustomerMessage): Promise<InboundMessage> {
      const before = here().inbound.length;
      await this.bring(message);
      return until(`the message "${message.text}"`, async () => {
        await clock.advance(1000);
        return here()
          .inbound.slice(before)
          .find(({ text }) => text.includes(message.text));
      });
    },
    /** We answer that message, as ticketing would. */
    async reply(message: InboundMessage, ...texts: readonly string[]): Promise<void> {
      await here().stores.eventLog.append(answers(message, texts));
    },
    /** The same while no gateway runs. */
    async append(message: InboundMessage, ...texts: readonly string[]): Promise<void> {
      const eventLog = await openLog(place);
      await eventLog.append(answers(message, texts));
      await eventLog[Symbol.asyncDispose]();
    },
    /** Which of our texts the customer has got, oldest first. */
    received: () =>
      provider.received().flatMap((shown) => [...ours].filter((text) => shown.includes(text)).slice(0, 1)),
    /** Moves the time on, in ever larger steps, until it is so. */
    async passing(what: string, isSo: () => boolean): Promise<void> {
      let stepMs = 500;
      await until(what, async () => {
        if (isSo()) return true;
        stepMs = Math.min(60_000, stepMs * 1.2);
        await clock.advance(stepMs);
        return isSo();
      });
    },
  };
}

function answer(message: InboundMessage, text: string, atMs: number): OutboundMessage {
  const { channel, account, conversationKey, sender, providerMessageId, visibility, parentProviderMessageId } = message;
  return OutboundMessage.fromPartial({
    id: `reply-${text.replaceAll(/\W/g, '-')}`,
    ticketId: 'ticket-1',
    ticketNumber: '20260501001',
    channel,
    account,
    conversationKey,
    ...(sender !== undefined && { recipients: [sender] }),
    text,
    references: [providerMessageId],
    visibility,
    parentProviderMessageId: visibility === 2 ? providerMessageId : parentProviderMessageId,
    purpose: OutboundPurpose.OUTBOUND_PURPOSE_REPLY,
    createdTime: new Date(atMs),
  });
}

async function makeRequest(ourUrl: string, { method, path, headers, body }: ProviderRequest): Promise<number> {
  const response = await fetch(ourUrl + path, {
    method,
    headers,
    ...(method === 'POST' && { body: Buffer.from(body) }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function follow<T>(eventLog: EventLog, topic: Topic<T>): Promise<T[]> {
  const seen = new Map<string, T>();
  const list: T[] = [];
  await eventLog.tail({
    topics: [topic.name],
    from: 'start',
    handle(record) {
      const message = decodeEvent(topic, record);
      // A repeat with the same id is the same fact.
      if (seen.has(topic.id(message))) return;
      seen.set(topic.id(message), message);
      list.push(message);
    },
  });
  return list;
}
