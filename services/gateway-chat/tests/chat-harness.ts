import { mkdtemp, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlobStore } from '@tributary/blobstore';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  allTopics,
  type Delivery,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  MessageKind,
  type OutboundMessage,
  OutboundPurpose,
  type Signal,
  type Topic,
  topics,
  Visibility,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Clock, composeServices, createHttpServer, createLogger, systemClock } from '@tributary/runtime';
import { until } from '@tributary/testing';
import WebSocket from 'ws';
import { type ChatConfig, createChatGateway, readChatConfig } from '../src/service.ts';

export interface Stores extends AsyncDisposable {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
  readonly blobStore: BlobStore;
}

/**
 * What replicas share, on the embedded adapters.
 * @param given A folder that stays; absent: one of its own that goes with it.
 */
export async function openStores(given?: string): Promise<Stores> {
  const folder = given ?? (await mkdtemp(join(tmpdir(), 'tributary-chat-')));
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  await eventLog.applyTopics(allTopics.map(({ name, partitions, retentionMs }) => ({ name, partitions, retentionMs })));
  const docStore = await openEmbeddedStore({ folder: join(folder, 'documents') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  return {
    eventLog,
    docStore,
    blobStore,
    async [Symbol.asyncDispose]() {
      await eventLog[Symbol.asyncDispose]();
      await docStore[Symbol.asyncDispose]();
      await blobStore[Symbol.asyncDispose]();
      if (given === undefined) await rm(folder, { recursive: true });
    },
  };
}

export interface Replica extends AsyncDisposable {
  readonly port: number;
  readonly config: ChatConfig;
  problems(): readonly string[];
  /** A client that has connected and not yet said hello. */
  connect(options?: { origin?: string }): Promise<TestClient>;
  /** A client that has said hello. */
  join(hello?: Record<string, unknown>): Promise<TestClient>;
  fetch(path: string, options?: RequestInit): Promise<Response>;
  /** Cuts every connection without a word, as a lost network does. */
  cutConnections(): void;
}

/** One gateway with its own port. */
export async function startReplica(
  stores: Omit<Stores, typeof Symbol.asyncDispose>,
  {
    clock = systemClock,
    environment = {},
    port = 0,
  }: { clock?: Clock; environment?: Record<string, string>; port?: number } = {},
): Promise<Replica> {
  const config = readChatConfig(environment);
  const logger = createLogger('gateway-chat', 'silent');
  const gateway = await createChatGateway({ ...stores, config, clock, logger });
  const server = createHttpServer({
    plugins: [gateway.http],
    host: '127.0.0.1',
    port,
    logger,
    problems: () => gateway.problems(),
  });
  const service = composeServices([gateway, server]);
  await service.start();
  const clients: TestClient[] = [];
  const sockets = new Set<Socket>();
  server.app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const replica: Replica = {
    port: server.port,
    config,
    problems: () => gateway.problems(),
    async connect(options) {
      const client = await TestClient.open(`ws://127.0.0.1:${server.port}/chat/v1/ws`, options);
      clients.push(client);
      return client;
    },
    async join(hello = {}) {
      const client = await replica.connect();
      client.send({ type: 'hello', version: 1, site: 'demo', ...hello });
      await client.next('welcome');
      return client;
    },
    fetch: (path, options) => fetch(`http://127.0.0.1:${server.port}${path}`, options),
    cutConnections() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      await service.stop();
      for (const client of clients) client.socket.terminate();
    },
  };
  return replica;
}

// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever frame came
export type Frame = Record<string, any> & { readonly type: string };

export class TestClient {
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  closeCode: number | undefined;
  readonly #read = new Map<string, number>();

  static async open(url: string, options: { origin?: string } = {}): Promise<TestClient> {
    const client = new TestClient(new WebSocket(url, options));
    await new Promise((resolve, reject) => {
      client.socket.once('open', resolve);
      client.socket.once('error', reject);
    });
    return client;
  }

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => this.frames.push(JSON.parse(String(data)) as Frame));
    socket.on('close', (code) => {
      this.closeCode = code;
    });
    socket.on('error', () => {});
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** Sends a message and returns its client id. */
  write(text: string, more: Record<string, unknown> = {}): string {
    const clientId = crypto.randomUUID();
    this.send({ type: 'message', clientId, text, ...more });
    return clientId;
  }

  /** The next frame of this type, each once. */
  async next(type: string): Promise<Frame> {
    const read = this.#read.get(type) ?? 0;
    const frame = await until(`frame ${read + 1} of type ${type}`, () => this.of(type)[read], {
      timeoutMs: 5000,
      everyMs: 2,
    });
    this.#read.set(type, read + 1);
    return frame;
  }

  of(type: string): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  get texts(): string[] {
    return this.of('message').map((frame) => String(frame.text));
  }

  async closed(): Promise<number> {
    return until('the connection to close', () => this.closeCode, { timeoutMs: 5000, everyMs: 2 });
  }

  get session(): { sessionId: string; token: string } {
    const welcome = this.of('welcome').at(-1);
    return { sessionId: String(welcome?.sessionId), token: String(welcome?.token) };
  }
}

/** An agent's answer, as ticketing publishes it. */
export function outboundMessage(sessionId: string, text: string, more: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    id: crypto.randomUUID().replaceAll('-', ''),
    ticketId: 'ticket-1',
    ticketNumber: '20261122001',
    channel: 'chat',
    account: 'demo',
    conversationKey: `chat:${sessionId}`,
    recipients: [],
    subject: '',
    text,
    html: '',
    attachments: [],
    references: [],
    visibility: Visibility.VISIBILITY_PRIVATE,
    parentProviderMessageId: '',
    purpose: OutboundPurpose.OUTBOUND_PURPOSE_REPLY,
    language: 'en',
    authorName: 'Mei',
    authorId: 'mei',
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    createdTime: new Date(),
    ...more,
  };
}

export async function publish(eventLog: EventLog, ...messages: OutboundMessage[]): Promise<void> {
  await eventLog.append(messages.map((message) => encodeEvent(topics.outbound, message, 'test')));
}

/** Everything a topic holds and will hold. */
async function follow<T>(eventLog: EventLog, topic: Topic<T>): Promise<T[]> {
  const seen: T[] = [];
  await eventLog.tail({
    topics: [topic.name],
    from: 'start',
    handle(record) {
      seen.push(decodeEvent(topic, record));
    },
  });
  return seen;
}

export const inboundOf = (eventLog: EventLog): Promise<InboundMessage[]> => follow(eventLog, topics.inbound);
export const signalsOf = (eventLog: EventLog): Promise<Signal[]> => follow(eventLog, topics.signals);
export const deliveriesOf = (eventLog: EventLog): Promise<Delivery[]> => follow(eventLog, topics.delivery);
