import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  Behaviour,
  ChannelSubject,
  CreateChannel,
  CustomerMessage,
  Provider,
} from '@tributary/gateway-kit/contract';
import { createChatChannel, readChatConfig } from '../src/service.ts';
import { TestClient } from './chat-harness.ts';

/**
 * The chat is a provider of its own: it accepts a message by writing it into the transcript. This one tells us then, and may
 * be left without an answer, so that a process can be killed between that and its note of it.
 */
export const createChannel: CreateChannel = async (providerUrl, ground) => {
  const config = readChatConfig({ CHAT_MAX_CONNECTIONS_PER_SESSION: '20' });
  const channel = await createChatChannel({ ...ground, config });
  return {
    ...channel,
    async send(message) {
      const sent = await channel.send(message);
      await fetch(providerUrl);
      return sent;
    },
  };
};

const without: NonNullable<ChannelSubject['without']> = {
  signature: 'anybody may begin a chat; who goes on with one shows its token (resume.test.ts)',
  'signed body': 'frames come over one connection and are not signed',
  'signed time': 'a frame repeated later is the same message by its client id',
  'unknown kinds':
    'a frame of an unknown type is answered with an error, and no client repeats it (bad-frames.test.ts)',
  'storm of refusals': 'the transcript is ours and refuses nothing',
};

/** Visitors with a browser each, which connects again by itself as long as it is not offline. */
async function startVisitors(): Promise<Provider> {
  const visitors = new Map<string, Visitor>();
  let behaviour: Behaviour = 'well';
  let tries = 0;
  const received: string[] = [];
  const server = createServer((_request, response) => {
    tries += 1;
    if (behaviour !== 'silent') return void response.end();
    // The record that would tell the gateway of it is not written yet: they look for themselves.
    for (const visitor of visitors.values()) visitor.reload();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const visitorOf = (conversation: string, ourUrl: string): Visitor => {
    const url = `${ourUrl.replace('http', 'ws')}/chat/v1/ws`;
    const visitor = visitors.get(conversation) ?? new Visitor(url, (text) => received.push(text));
    visitors.set(conversation, visitor);
    return visitor;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    write: (message, ourUrl) => visitorOf(message.conversation, ourUrl).write(message),
    async breakOff(message, ourUrl) {
      const client = await visitorOf(message.conversation, ourUrl).join();
      const { socket } = client;
      socket.send(JSON.stringify(frameOf(message)).slice(0, 30), { fin: false }, () => socket.terminate());
      await client.closed();
    },
    async writeTooMuch(ourUrl) {
      const client = await visitorOf('501', ourUrl).join();
      client.write('x'.repeat(50 * 1024 * 1024));
      return String(await client.closed());
    },
    received: () => received,
    tries: () => tries,
    behave(next) {
      behaviour = next;
      for (const visitor of visitors.values()) visitor.isOffline = behaviour === 'down';
    },
    async [Symbol.asyncDispose]() {
      for (const visitor of visitors.values()) visitor.isOffline = true;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const subject: ChannelSubject = {
  ...{ module: import.meta.url, createChannel, without },
  startProvider: startVisitors,
};

const frameOf = ({ id, text }: CustomerMessage) => ({
  type: 'message',
  clientId: `00000000-0000-4000-8000-${id.padStart(12, '0')}`,
  text,
});

class Visitor {
  readonly #url: string;
  readonly #show: (text: string) => void;
  #token: string | undefined;
  #lastSequence = 0;
  #browser: TestClient | undefined;
  #first: Promise<void> | undefined;
  #isOffline = false;

  constructor(url: string, show: (text: string) => void) {
    this.#url = url;
    this.#show = show;
  }

  set isOffline(isOffline: boolean) {
    this.#isOffline = isOffline;
    if (isOffline) this.#browser?.socket.terminate();
    else if (this.#browser?.closeCode !== undefined) void this.#open();
  }

  reload(): void {
    this.#browser?.socket.terminate();
  }

  /** Over a connection of its own. @returns whether it was acknowledged; false when it may be another time. */
  async write(message: CustomerMessage): Promise<boolean> {
    const frame = frameOf(message);
    const client = await this.join();
    client.send(frame);
    const [answer] = await Promise.race([
      client.next('ack').then((ack) => [ack]),
      client.next('error').then((error) => [error]),
    ]);
    client.socket.terminate();
    if (answer?.type === 'error' && answer['code'] !== 'unavailable')
      throw new Error(`refused for good: ${answer['code']}`);
    return answer?.type === 'ack';
  }

  /** Another connection to the same chat. */
  async join(): Promise<TestClient> {
    this.#first ??= this.#open();
    await this.#first;
    const client = await TestClient.open(this.#url);
    client.send({ type: 'hello', version: 1, site: 'demo', token: this.#token, lastSequence: this.#lastSequence });
    await client.next('welcome');
    return client;
  }

  async #open(): Promise<void> {
    if (this.#isOffline) return;
    const again = () => void setTimeout(() => void this.#open(), 20);
    const client = await TestClient.open(this.#url).catch(() => undefined);
    if (client === undefined) return again();
    this.#browser = client;
    client.socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; author?: string; sequence: number; text: string };
      if (frame.type !== 'message') return;
      this.#lastSequence = frame.sequence;
      if (frame.author !== 'customer') this.#show(frame.text);
    });
    client.socket.on('close', again);
    client.send({ type: 'hello', version: 1, site: 'demo', token: this.#token, lastSequence: this.#lastSequence });
    const { token } = await client.next('welcome').catch(() => ({ token: this.#token }));
    this.#token = token as string | undefined;
  }
}
