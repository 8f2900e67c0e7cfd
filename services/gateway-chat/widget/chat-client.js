import { ChatStorage } from './chat-storage.js';
import { NamedTimers } from './named-timers.js';
import { randomId } from './random-id.js';

/**
 * @typedef {import('./chat-storage.js').OutboxItem} OutboxItem
 * @typedef {{ name: string, mediaType: string, size: number, path?: string }} Attachment
 * @typedef {{ type: 'message', sequence: number, id: string, clientId?: string, author: 'customer' | 'agent' | 'system',
 *   authorName: string, text: string, attachments: Attachment[], time: string }} Message
 * @typedef {{ deliveredSequence: number, readSequence: number, agentReadSequence: number }} Marks
 * @typedef {{ textCharacters: number, uploadBytes: number, uploadsPerMessage: number, uploadMediaTypes: string[] }} Limits
 * @typedef {{ code: string, message: string, clientId?: string, retryAfterMs?: number }} Refusal
 * @typedef {'idle' | 'connecting' | 'online' | 'offline'} Status
 */

const protocolVersion = 1;
const firstRetryMs = 500;
const lastRetryMs = 20_000;
/** Without an acknowledgement or any other frame for so long, the connection is taken for dead. */
const silenceMs = 15_000;
/** Marks of several messages are sent as one. */
const markDelayMs = 150;
const typingEveryMs = 3000;
/** A typing agent who is not heard of again has stopped. */
const typingShownMs = 8000;

/**
 * The visitor's side of the chat protocol (docs/chat-protocol.md): one connection that comes back, one outbox that is
 * emptied in order, the transcript as far as it is known. Says 'change' whenever any of that is different.
 */
export class ChatClient extends EventTarget {
  /** @type {Status} */
  status = 'idle';
  /** @type {Message[]} In sequence order. */
  messages = [];
  /** @type {Marks} */
  marks = { deliveredSequence: 0, readSequence: 0, agentReadSequence: 0 };
  /** @type {Limits | undefined} Known once connected. */
  limits;
  /** @type {Map<string, { item: OutboxItem, refusal: Refusal }>} What the server will never take, by client id. */
  refused = new Map();
  /** Who of us is typing: a name, an empty one when it is not known, or undefined for nobody. @type {string | undefined} */
  typing;

  #base;
  #site;
  #language;
  #storage;
  /** @type {WebSocket | undefined} */
  #socket;
  #welcomed = false;
  #attempt = 0;
  /** @type {string | undefined} The message that waits for its acknowledgement. */
  #inFlight;
  /** @type {Record<string, string>} */
  #profile = {};
  #readUpTo = 0;
  #typingSaid = { active: false, atMs: 0 };
  #timers = new NamedTimers();

  /** @param {{ base: string, site: string, language: string }} options */
  constructor({ base, site, language }) {
    super();
    this.#base = base;
    this.#site = site;
    this.#language = language;
    this.#storage = new ChatStorage(site);
    window.addEventListener('online', () => this.#reconnectNow());
    window.addEventListener('offline', () => this.#drop());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#reconnectNow();
    });
  }

  /** True when this browser has a chat to go on with. */
  get hasSession() {
    return this.#storage.token !== undefined;
  }

  /** @returns {OutboxItem[]} */
  get outbox() {
    return this.#storage.outbox.filter((item) => !this.refused.has(item.clientId));
  }

  /** How many of our messages the visitor has not seen. */
  get unread() {
    const seen = Math.max(this.marks.readSequence, this.#readUpTo);
    return this.messages.filter((message) => message.author !== 'customer' && message.sequence > seen).length;
  }

  connect() {
    if (this.#socket !== undefined) return;
    this.#timers.clear('retry');
    this.#setStatus(navigator.onLine === false ? 'offline' : 'connecting');
    const socket = new WebSocket(new URL('ws', this.#base.replace(/^http/, 'ws')));
    this.#socket = socket;
    socket.onopen = () => this.#greet();
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket === this.#socket) this.#comeBack();
    };
    this.#expectLife();
  }

  /**
   * Puts a message into the outbox; it is sent as soon as everything before it is acknowledged.
   * @param {string} text
   * @param {OutboxItem['uploads']} uploads
   */
  write(text, uploads) {
    this.#storage.addToOutbox({
      clientId: randomId(),
      text,
      uploads,
      writtenTime: new Date().toISOString(),
      pageUrl: location.href.slice(0, 2000),
    });
    this.#typingSaid = { active: false, atMs: 0 };
    this.#emptyOutbox();
    this.#changed();
  }

  /** Tries a refused message again, as a new one. @param {string} clientId */
  writeAgain(clientId) {
    const failed = this.refused.get(clientId);
    if (failed === undefined) return;
    this.discard(clientId);
    this.write(failed.item.text, failed.item.uploads);
  }

  /** Forgets a refused message. @param {string} clientId */
  discard(clientId) {
    this.refused.delete(clientId);
    this.#storage.removeFromOutbox(clientId);
    this.#changed();
  }

  /** @param {boolean} active */
  sayTyping(active) {
    const { active: was, atMs } = this.#typingSaid;
    if (active === was && (!active || Date.now() - atMs < typingEveryMs)) return;
    this.#typingSaid = { active, atMs: Date.now() };
    this.#send({ type: 'typing', active });
  }

  /** The visitor sees everything there is. */
  markRead() {
    const last = this.messages.at(-1)?.sequence ?? 0;
    if (last <= this.#readUpTo) return;
    this.#readUpTo = last;
    this.#changed();
    this.#sendMarksSoon();
  }

  /** What the visitor says of themselves. @param {Record<string, string>} profile */
  setProfile(profile) {
    this.#profile = { ...this.#profile, ...profile };
    this.#send({ type: 'profile', ...profile });
  }

  /**
   * Uploads a file for a message to come.
   * @param {File} file
   * @returns {Promise<OutboxItem['uploads'][number]>}
   * @throws what the server said: `{code, message, …}`
   */
  async upload(file) {
    await this.#session();
    const body = new FormData();
    body.append('file', file, file.name);
    const response = await this.#fetch('files', { method: 'POST', body });
    return response.json();
  }

  /**
   * The content of an attachment.
   * @param {string} path As the message names it.
   */
  async download(path) {
    const response = await this.#fetch(new URL(path, this.#base).href, {});
    return response.blob();
  }

  // ---- connection -------------------------------------------------------------------------------------------

  #greet() {
    this.#sendNow({
      type: 'hello',
      version: protocolVersion,
      site: this.#site,
      token: this.#storage.token,
      lastSequence: this.messages.at(-1)?.sequence ?? 0,
      language: this.#language,
      ...this.#profile,
    });
  }

  /** Resolves when there is a session to act for. */
  async #session() {
    while (this.status === 'connecting') {
      await new Promise((resolve) => this.addEventListener('change', resolve, { once: true }));
    }
    if (this.status !== 'online') throw { code: 'offline', message: 'not connected' };
  }

  #reconnectNow() {
    if (this.status === 'idle') return;
    if (this.#socket === undefined) {
      this.#attempt = 0;
      this.connect();
    } else if (this.#welcomed) this.#ping();
  }

  /** Ends a connection that may be dead: its close event could be long in coming. */
  #drop() {
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#comeBack();
    socket.close();
  }

  #comeBack() {
    this.#socket = undefined;
    this.#welcomed = false;
    this.#inFlight = undefined;
    this.typing = undefined;
    this.#timers.clearAll();
    this.#setStatus('offline');
    const ceilingMs = Math.min(lastRetryMs, firstRetryMs * 2 ** this.#attempt++);
    this.#timers.set('retry', ceilingMs * (0.5 + Math.random() / 2), () => this.connect());
  }

  #ping() {
    this.#sendNow({ type: 'ping' });
    this.#expectLife();
  }

  /** Some frame must come soon. */
  #expectLife() {
    if (!this.#timers.has('silence')) this.#timers.set('silence', silenceMs, () => this.#drop());
  }

  // ---- in ---------------------------------------------------------------------------------------------------

  /** @param {any} frame */
  #receive(frame) {
    this.#timers.clear('silence');
    switch (frame.type) {
      case 'welcome':
        this.#begin(frame);
        break;
      case 'message':
        this.#keep(frame);
        break;
      case 'ack':
        this.#storage.removeFromOutbox(frame.clientId);
        if (this.#inFlight === frame.clientId) this.#inFlight = undefined;
        this.#emptyOutbox();
        break;
      case 'marks':
        this.marks = frame;
        break;
      case 'typing':
        this.#showTyping(frame.active ? frame.authorName : undefined);
        break;
      case 'error':
        this.#refuse(frame);
        break;
    }
    if (this.#inFlight !== undefined && !this.#timers.has('rest')) this.#expectLife();
    this.#changed();
  }

  /** @param {any} welcome */
  #begin(welcome) {
    this.#attempt = 0;
    this.#welcomed = true;
    this.#storage.token = welcome.token;
    this.limits = welcome.limits;
    this.marks = welcome.marks;
    this.messages = this.messages.filter((message) => message.sequence <= welcome.resumeFrom);
    this.#setStatus('online');
    this.#beat(welcome.heartbeatMs);
    this.#emptyOutbox();
    this.#sendMarksSoon();
  }

  /** @param {number} everyMs */
  #beat(everyMs) {
    this.#timers.set('heartbeat', everyMs, () => {
      this.#ping();
      this.#beat(everyMs);
    });
  }

  /** @param {Message} message */
  #keep(message) {
    if (message.sequence <= (this.messages.at(-1)?.sequence ?? 0)) return;
    this.messages = [...this.messages, message];
    if (message.author === 'agent') this.#showTyping(undefined);
    if (message.author !== 'customer') this.#sendMarksSoon();
  }

  /** @param {string | undefined} name */
  #showTyping(name) {
    this.typing = name;
    this.#timers.clear('typing');
    if (name !== undefined) {
      this.#timers.set('typing', typingShownMs, () => {
        this.typing = undefined;
        this.#changed();
      });
    }
  }

  /** @param {Refusal} refusal */
  #refuse(refusal) {
    if (refusal.code === 'invalid_session') {
      // Too old, or of a server that lost its data: begin anew. What is in the outbox goes with us.
      this.#storage.token = undefined;
      this.messages = [];
      this.#readUpTo = 0;
      this.#greet();
    } else if (refusal.retryAfterMs !== undefined) {
      // The server waits for it, or closes the connection by itself; either way the outbox is taken up again.
      this.#timers.set('rest', refusal.retryAfterMs, () => {
        this.#inFlight = undefined;
        if (this.#welcomed) this.#emptyOutbox();
        else if (this.#socket !== undefined) this.#greet();
      });
    } else if (refusal.clientId !== undefined && refusal.clientId === this.#inFlight) {
      const item = this.#storage.outbox.find((waiting) => waiting.clientId === refusal.clientId);
      if (item !== undefined) this.refused.set(refusal.clientId, { item, refusal });
      this.#inFlight = undefined;
      this.#emptyOutbox();
    }
  }

  // ---- out --------------------------------------------------------------------------------------------------

  /** One message at a time: what is refused for a while is not overtaken by what comes after it. */
  #emptyOutbox() {
    const [next] = this.outbox;
    if (!this.#welcomed || this.#inFlight !== undefined || next === undefined) return;
    this.#inFlight = next.clientId;
    const { clientId, text, writtenTime, pageUrl } = next;
    const uploads = next.uploads.map((upload) => upload.id);
    this.#send({ type: 'message', clientId, text, uploads, writtenTime, ...(/^https?:/.test(pageUrl) && { pageUrl }) });
    this.#expectLife();
  }

  #sendMarksSoon() {
    if (this.#timers.has('marks')) return;
    this.#timers.set('marks', markDelayMs, () => {
      const last = this.messages.at(-1)?.sequence ?? 0;
      if (this.#readUpTo > this.marks.readSequence)
        this.#send({ type: 'read', sequence: Math.min(last, this.#readUpTo) });
      if (last > Math.max(this.marks.deliveredSequence, this.#readUpTo))
        this.#send({ type: 'delivered', sequence: last });
    });
  }

  /** @param {object} frame */
  #send(frame) {
    if (this.#welcomed) this.#sendNow(frame);
  }

  /** @param {object} frame */
  #sendNow(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /**
   * @param {string} url
   * @param {RequestInit} options
   */
  async #fetch(url, options) {
    const response = await fetch(new URL(url, this.#base), {
      ...options,
      headers: { authorization: `Bearer ${this.#storage.token}` },
    });
    if (!response.ok) throw await response.json().catch(() => ({ code: 'unavailable', message: response.statusText }));
    return response;
  }

  // ---- small things -----------------------------------------------------------------------------------------

  /** @param {Status} status */
  #setStatus(status) {
    this.status = status;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
