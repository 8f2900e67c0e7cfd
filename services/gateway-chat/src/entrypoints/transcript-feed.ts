import { type ChatSession, type Marks, marksOf, sameMarks } from '../domain/session.ts';
import { inUnbrokenOrder } from '../domain/transcript.ts';
import type { ChatContext } from './chat-context.ts';
import { messageFrame, type ServerFrame } from './server-frames.ts';

/** Messages read at once when a client catches up. */
const pageSize = 100;
const retryMs = 1000;

/**
 * Sends one connection its session's transcript, in order and without a gap, and its marks when they change. It reads the
 * store whenever it is woken, so what woke it need not say what is new, and may come twice or too early.
 */
export class TranscriptFeed {
  readonly #context: ChatContext;
  readonly #sessionId: string;
  readonly #send: (frame: ServerFrame) => Promise<void>;
  #marks: Marks;
  #lastSent: number;
  #isNew = false;
  #running: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #stopped = false;

  /**
   * @param lastSent What the client has already.
   * @param send Resolves when the client's connection has taken the frame: a slow client is waited for.
   */
  constructor(
    context: ChatContext,
    session: ChatSession,
    lastSent: number,
    send: (frame: ServerFrame) => Promise<void>,
  ) {
    this.#context = context;
    this.#sessionId = session.id;
    this.#marks = marksOf(session);
    this.#lastSent = lastSent;
    this.#send = send;
  }

  get lastSent(): number {
    return this.#lastSent;
  }

  /** There may be something new. */
  wake(): void {
    this.#isNew = true;
    if (this.#running !== undefined || this.#retry !== undefined || this.#stopped) return;
    this.#running = this.#sendNew().finally(() => {
      this.#running = undefined;
      if (this.#isNew) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry?.[Symbol.dispose]();
    await this.#running;
  }

  async #sendNew(): Promise<void> {
    const { clock, logger } = this.#context;
    try {
      while (this.#isNew && !this.#stopped) {
        this.#isNew = false;
        await this.#sendMessages();
        await this.#sendMarks();
      }
    } catch (error) {
      logger.warn({ err: error, sessionId: this.#sessionId }, 'cannot read the transcript; trying again');
      this.#isNew = true;
      this.#retry = clock.setTimer(retryMs, () => {
        this.#retry = undefined;
        this.wake();
      });
    }
  }

  async #sendMessages(): Promise<void> {
    const found = await this.#context.transcript.after(this.#sessionId, this.#lastSent, pageSize);
    for (const message of inUnbrokenOrder(found, this.#lastSent)) {
      await this.#send(messageFrame(message));
      this.#lastSent = message.sequence;
    }
    if (found.length === pageSize) this.#isNew = true;
  }

  async #sendMarks(): Promise<void> {
    const session = await this.#context.sessions.find(this.#sessionId);
    if (session === undefined || sameMarks(session, this.#marks)) return;
    this.#marks = marksOf(session);
    await this.#send({ type: 'marks', ...this.#marks });
  }
}
