import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import WebSocket from 'ws';
import type { ChatLine, CustomerMessage } from './history.ts';
import type { MessageBook } from './message-book.ts';

/** What of docs/chat-protocol.md a customer needs. */
type ServerFrame =
  | { readonly type: 'welcome'; readonly token: string; readonly sessionId: string; readonly lastSequence: number }
  | { readonly type: 'ack'; readonly clientId: string }
  | ({ readonly type: 'message' } & ChatLine)
  | { readonly type: 'error'; readonly code: string; readonly message: string; readonly clientId?: string }
  | { readonly type: 'marks' | 'typing' | 'pong' };

const reconnectMs = 300;
/** A server whose machine vanished sends no end of the connection; nobody waits for it longer than this. */
const silenceMs = 15_000;
const pingMs = 5000;
/** Not the customer's fault: connecting again helps. */
const passing = new Set(['unavailable', 'too_many_connections', 'rate_limited']);

/** One customer's chat as the widget does it: connects again by itself and sends again what is not acknowledged. */
export class ChatCustomer {
  readonly conversation: string;
  readonly received: ChatLine[] = [];
  readonly #url: string;
  readonly #site: string;
  readonly #book: MessageBook;
  #socket: WebSocket | undefined;
  #welcomed = false;
  #token: string | undefined;
  #sessionId = '';
  /** Sent or to be sent, and not acknowledged, in order. */
  #open: CustomerMessage[] = [];
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #heardAtMs = 0;

  constructor(conversation: string, { url, site, book }: { url: string; site: string; book: MessageBook }) {
    this.conversation = conversation;
    this.#url = url;
    this.#site = site;
    this.#book = book;
    this.#connect();
  }

  get sessionId(): string {
    return this.#sessionId;
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** How many lines are written and not acknowledged. */
  get openCount(): number {
    return this.#open.length;
  }

  /** Writes a line; it goes out when there is a connection. */
  write(text: string): void {
    const entry = this.#book.add({
      channel: 'chat',
      conversation: this.conversation,
      providerId: randomUUID(),
      text,
      pipelined: true,
    });
    this.#open.push(entry);
    if (this.#welcomed) this.#send(entry);
  }

  /** As when the customer's train enters a tunnel. */
  dropConnection(): void {
    this.#socket?.terminate();
  }

  /** Waits until this many lines were shown, for a limited time: it may just be connecting again. */
  async catchUp(lines: number, timeoutMs = 20_000): Promise<void> {
    const giveUpAtMs = Date.now() + timeoutMs;
    while (this.received.length < lines && Date.now() < giveUpAtMs) await delay(20);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.terminate();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url, { handshakeTimeout: 5000 });
    this.#socket = socket;
    this.#heardAtMs = Date.now();
    socket.on('open', () => {
      this.#watch = setInterval(() => this.#checkAlive(socket), pingMs);
      socket.send(
        JSON.stringify({
          type: 'hello',
          version: 1,
          site: this.#site,
          token: this.#token,
          lastSequence: this.received.at(-1)?.sequence ?? 0,
        }),
      );
    });
    socket.on('message', (data) => this.#take(JSON.parse(String(data)) as ServerFrame, socket));
    socket.on('error', () => {}); // 'close' follows.
    socket.on('close', () => {
      clearInterval(this.#watch);
      this.#welcomed = false;
      if (!this.#closed) this.#retry = setTimeout(() => this.#connect(), reconnectMs);
    });
  }

  #checkAlive(socket: WebSocket): void {
    if (Date.now() - this.#heardAtMs > silenceMs) socket.terminate();
    else socket.send(JSON.stringify({ type: 'ping' }));
  }

  #take(frame: ServerFrame, socket: WebSocket): void {
    this.#heardAtMs = Date.now();
    switch (frame.type) {
      case 'welcome':
        this.#token = frame.token;
        this.#sessionId = frame.sessionId;
        this.#welcomed = true;
        for (const entry of this.#open) this.#send(entry);
        return;
      case 'ack':
        for (const entry of this.#open) if (entry.providerId === frame.clientId) this.#book.acknowledge(entry);
        this.#open = this.#open.filter(({ providerId }) => providerId !== frame.clientId);
        return;
      case 'message':
        this.received.push(lineOf(frame));
        return;
      case 'error':
        if (!passing.has(frame.code)) {
          this.#book.refusals.push(`${this.conversation} ${frame.clientId ?? ''}: ${frame.code} ${frame.message}`);
        }
        // What was sent behind the refused frame may be stored already: begin again from the first open one.
        socket.terminate();
    }
  }

  #send(entry: CustomerMessage): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    entry.sends += 1;
    this.#socket.send(JSON.stringify({ type: 'message', clientId: entry.providerId, text: entry.text }));
  }
}

/**
 * The whole chat, as a new device of the same customer is shown it.
 * @throws when it does not come within `timeoutMs`.
 */
export async function readWholeChat(url: string, site: string, token: string, timeoutMs = 20_000): Promise<ChatLine[]> {
  const socket = new WebSocket(url, { handshakeTimeout: 5000 });
  try {
    return await new Promise((resolve, reject) => {
      const lines: ChatLine[] = [];
      let lastSequence = Number.POSITIVE_INFINITY;
      const timer = setTimeout(() => reject(new Error(`the chat did not come within ${timeoutMs} ms`)), timeoutMs);
      const finishWhenWhole = () => {
        if (lines.length < lastSequence) return;
        clearTimeout(timer);
        resolve(lines);
      };
      socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, site, token, lastSequence: 0 })));
      socket.on('error', reject);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data)) as ServerFrame;
        if (frame.type === 'error') reject(new Error(`${frame.code}: ${frame.message}`));
        if (frame.type === 'welcome') lastSequence = frame.lastSequence;
        if (frame.type === 'message') lines.push(lineOf(frame));
        finishWhenWhole();
      });
    });
  } finally {
    socket.terminate();
  }
}

function lineOf({ sequence, id, clientId, author, text }: ChatLine): ChatLine {
  return { sequence, id, clientId, author, text };
}
