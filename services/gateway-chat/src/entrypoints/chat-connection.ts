import { randomUUID } from 'node:crypto';
import { inboundMessageId } from '@tributary/contracts';
import { type Bucket, OverloadedError, takeToken } from '@tributary/gateway-kit';
import { delay } from '@tributary/runtime';
import type { WebSocket } from 'ws';
import { ChatRefusal } from '../domain/refusal.ts';
import { type ChatSession, marksOf } from '../domain/session.ts';
import { resumeFrom } from '../domain/transcript.ts';
import { markProgress } from '../usecases/mark-progress.ts';
import { cleanProfile, openSession } from '../usecases/open-session.ts';
import { takeMessage } from '../usecases/take-message.ts';
import type { ChatContext } from './chat-context.ts';
import { type ClientFrame, claimedClientId, protocolVersion, readFrame } from './client-frames.ts';
import type { HubConnection } from './connection-hub.ts';
import { errorBody, type ServerFrame } from './server-frames.ts';
import { TranscriptFeed } from './transcript-feed.ts';

/** Frames read ahead of the one in hand; then the socket is paused and TCP slows the client down. */
const maxWaiting = 32;
/** More frames than this are not refused but handled later. */
const frameRate = { perMinute: 1200, burst: 200 };
/** A client that keeps typing says so at most this often. */
const typingEveryMs = 3000;
const retryMs = 1000;
const closeTimeoutMs = 1000;

/** Close codes (RFC 6455, section 7.4.1, and the IANA registry). */
const goingAway = 1001;
const policyViolation = 1008;
const tryAgainLater = 1013;

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

/**
 * One WebSocket. Frames are handled one after the other, so what a client sends in order is stored in order. The
 * transcript goes out in its own order, without a gap, from wherever the client said it was.
 */
export class ChatConnection implements HubConnection {
  readonly address: string;
  readonly #socket: WebSocket;
  readonly #context: ChatContext;
  #session: ChatSession | undefined;
  #feed: TranscriptFeed | undefined;
  #closing = false;
  /** The frame in hand and those behind it. */
  #work: Promise<void> = Promise.resolve();
  #waiting = 0;
  #frames: Bucket | undefined;
  #alive = true;
  #heartbeat: Disposable | undefined;
  #typingSaidAtMs = Number.NEGATIVE_INFINITY;
  #typing = false;
  readonly #closed = Promise.withResolvers<void>();

  constructor(socket: WebSocket, address: string, context: ChatContext) {
    this.#socket = socket;
    this.address = address;
    this.#context = context;
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? undefined : data.toString()));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('close', () => {
      this.#end();
      this.#closed.resolve();
    });
    try {
      context.hub.add(this);
      this.#beat();
    } catch (error) {
      this.#fail(error);
      const isStopping = error instanceof ChatRefusal && error.code === 'unavailable';
      this.#hangUp(isStopping ? goingAway : policyViolation, (error as Error).message);
    }
  }

  wake(): void {
    this.#feed?.wake();
  }

  showTyping(active: boolean, authorName: string): void {
    this.#send({ type: 'typing', active, authorName });
  }

  async close(): Promise<void> {
    this.#hangUp(goingAway, 'the server stops; connect again');
    await this.#work;
    await this.#feed?.stop();
    // Whoever does not answer the close frame does not hold up the server.
    await Promise.race([this.#closed.promise, delay(this.#context.clock, closeTimeoutMs)]);
    this.#socket.terminate();
  }

  // ---- in ---------------------------------------------------------------------------------------------------

  #receive(data: string | undefined): void {
    this.#alive = true;
    if (this.#closing) return;
    if (++this.#waiting >= maxWaiting) this.#socket.pause();
    this.#work = this.#work.then(async () => {
      // After a message could not be stored none behind it may be, or they would change places.
      if (!this.#closing) await this.#handle(data);
      if (--this.#waiting < maxWaiting / 2 && this.#socket.isPaused) this.#socket.resume();
    });
  }

  async #handle(data: string | undefined): Promise<void> {
    try {
      await this.#slowDown();
      if (data === undefined) throw new ChatRefusal('bad_json', 'a frame must be one JSON object as text, not binary');
      await this.#dispatch(readFrame(data));
    } catch (error) {
      this.#fail(error, data === undefined ? undefined : claimedClientId(data));
    }
  }

  async #slowDown(): Promise<void> {
    const { bucket, retryAfterMs } = takeToken(this.#frames, frameRate, this.#context.clock.now());
    this.#frames = bucket;
    if (retryAfterMs > 0) await delay(this.#context.clock, retryAfterMs);
  }

  async #dispatch(frame: ClientFrame): Promise<void> {
    if (frame.type === 'ping') return this.#send({ type: 'pong' });
    if (frame.type === 'hello') return this.#greet(frame);
    const session = this.#session;
    if (session === undefined) {
      throw new ChatRefusal('hello_required', 'the first frame must be hello', {
        field: 'type',
        allowed: ['hello', 'ping'],
      });
    }
    switch (frame.type) {
      case 'message':
        return this.#takeMessage(session, frame);
      case 'typing':
        return this.#passOnTyping(session, frame.active);
      case 'delivered':
      case 'read':
        return this.#takeMark(session, frame);
      case 'profile':
        this.#session = (await this.#context.sessions.change(session.id, cleanProfile(frame))) ?? session;
    }
  }

  async #greet(hello: FrameOf<'hello'>): Promise<void> {
    const { config, hub, tokens, transcript } = this.#context;
    if (this.#session !== undefined) throw new ChatRefusal('already_greeted', 'hello was already said here');
    if (hello.version !== protocolVersion) {
      const allowed = [protocolVersion];
      throw new ChatRefusal('unsupported_version', `version: must be one of ${allowed}`, { field: 'version', allowed });
    }
    if (hello.site !== config.site) {
      throw new ChatRefusal('unknown_site', 'site: is not served here', { field: 'site' });
    }
    const session = hello.token === undefined ? await this.#newSession(hello) : await this.#resume(hello.token, hello);
    // Joined before the transcript is looked at: what comes in between wakes us.
    hub.join(session.id, this);
    this.#session = session;
    const lastSequence = await transcript.lastSequence(session.id);
    const lastSent = resumeFrom(hello.lastSequence, lastSequence);
    const { token, expiresAtMs } = await tokens.issue(session.id);
    const { textCharacters, uploadBytes, uploadsPerMessage, uploadMediaTypes } = config.limits;
    this.#send({
      type: 'welcome',
      version: protocolVersion,
      sessionId: session.id,
      token,
      tokenExpiresTime: new Date(expiresAtMs).toISOString(),
      resumeFrom: lastSent,
      lastSequence,
      marks: marksOf(session),
      limits: { textCharacters, uploadBytes, uploadsPerMessage, uploadMediaTypes },
      heartbeatMs: config.heartbeatMs,
    });
    const sendAndWait = (frame: ServerFrame) => new Promise<void>((resolve) => this.#send(frame, resolve));
    this.#feed = new TranscriptFeed(this.#context, session, lastSent, sendAndWait);
    this.#feed.wake();
  }

  async #newSession(hello: FrameOf<'hello'>): Promise<ChatSession> {
    const { clock, limiters, sessions, config } = this.#context;
    limiters.sessionsPerAddress.take(this.address);
    return openSession(sessions, { id: randomUUID(), site: config.site, profile: hello, nowMs: clock.now() });
  }

  async #resume(token: string, hello: FrameOf<'hello'>): Promise<ChatSession> {
    const { sessions, tokens } = this.#context;
    const sessionId = await tokens.verify(token);
    const session = sessionId && (await sessions.change(sessionId, cleanProfile(hello)));
    if (!session) throw new ChatRefusal('invalid_session', 'token: is not valid (any more)', { field: 'token' });
    return session;
  }

  async #takeMessage(session: ChatSession, frame: FrameOf<'message'>): Promise<void> {
    const { clock, config, events, limiters } = this.#context;
    using _place = events.admit(frame.text.length);
    limiters.messagesPerSession.take(session.id);
    limiters.messagesPerAddress.take(this.address);
    const stored = await takeMessage(
      { ...this.#context, limits: config.limits },
      session,
      {
        id: inboundMessageId('chat', session.id, frame.clientId),
        clientId: frame.clientId,
        text: frame.text,
        uploadIds: frame.uploads,
        writtenAtMs: frame.writtenTime === undefined ? undefined : Date.parse(frame.writtenTime),
        pageUrl: frame.pageUrl,
      },
      clock.now(),
    );
    const { id, sequence, atMs } = stored;
    this.#send({ type: 'ack', clientId: frame.clientId, id, sequence, time: new Date(atMs).toISOString() });
  }

  #passOnTyping(session: ChatSession, active: boolean): void {
    const { clock, events, logger } = this.#context;
    const saidLately = clock.now() - this.#typingSaidAtMs < typingEveryMs;
    if (active === this.#typing && (saidLately || !active)) return;
    this.#typing = active;
    this.#typingSaidAtMs = clock.now();
    // Not waited for, and lost if it fails: it must not hold up a message.
    events.typing(session.id, active).catch((error: unknown) => logger.debug({ err: error }, 'typing signal lost'));
  }

  async #takeMark(session: ChatSession, { type, sequence }: FrameOf<'delivered' | 'read'>): Promise<void> {
    const limit = this.#feed?.lastSent ?? 0;
    if (sequence > limit) {
      throw new ChatRefusal('bad_frame', `sequence: at most ${limit}, the last one sent here`, {
        field: 'sequence',
        limit,
      });
    }
    await markProgress(this.#context, session.id, type, sequence);
  }

  // ---- out --------------------------------------------------------------------------------------------------

  /** @param taken Called when the connection has taken the frame, or is gone. */
  #send(frame: ServerFrame, taken = () => {}): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(frame), () => taken());
    else taken();
  }

  #fail(error: unknown, clientId?: string): void {
    if (error instanceof ChatRefusal) {
      this.#send({ type: 'error', clientId, ...errorBody(error) });
      return;
    }
    const overloaded = error instanceof OverloadedError;
    if (overloaded)
      this.#context.logger.info({ reason: error.message, sessionId: this.#session?.id }, 'frame not let in');
    else this.#context.logger.error({ err: error, sessionId: this.#session?.id }, 'frame failed');
    this.#send({
      type: 'error',
      clientId,
      code: 'unavailable',
      message: 'this could not be stored just now; connect again and repeat what was not acknowledged',
      retryAfterMs: overloaded ? error.retryAfterMs : retryMs,
    });
    this.#hangUp(tryAgainLater, 'unavailable');
  }

  // ---- life -------------------------------------------------------------------------------------------------

  /** Every interval: whoever has shown no life since the last one, or has not said hello, is cut off. */
  #beat(): void {
    this.#heartbeat = this.#context.clock.setTimer(this.#context.config.heartbeatMs, () => {
      if (!this.#alive) return this.#socket.terminate();
      if (this.#session === undefined) return this.#hangUp(policyViolation, 'hello expected');
      this.#alive = false;
      this.#socket.ping();
      this.#beat();
    });
  }

  #hangUp(code: number, reason: string): void {
    if (this.#closing) return;
    this.#end();
    this.#socket.resume();
    this.#socket.close(code, reason);
  }

  #end(): void {
    this.#closing = true;
    this.#heartbeat?.[Symbol.dispose]();
    void this.#feed?.stop();
    this.#context.hub.remove(this);
  }
}
