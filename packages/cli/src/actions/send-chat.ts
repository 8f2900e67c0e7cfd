import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, unavailableFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plain, plainLine } from '../text/plain.ts';
import { duration } from '../text/time.ts';

export interface SendChatOptions extends GlobalOptions {
  readonly text: string;
  readonly name?: string;
  readonly email?: string;
  readonly language?: string;
  readonly site: string;
  readonly token?: string;
  readonly url?: string;
  /** Milliseconds to wait for an answer. */
  readonly wait?: number;
}

/** The frames of docs/chat-protocol.md that matter here. */
type ServerFrame =
  | { readonly type: 'welcome'; readonly sessionId: string; readonly token: string }
  | { readonly type: 'ack'; readonly clientId: string; readonly id: string; readonly sequence: number }
  | ({ readonly type: 'message' } & ChatMessage)
  | { readonly type: 'error'; readonly code: string; readonly message: string }
  | { readonly type: 'marks' | 'typing' | 'pong' };

interface ChatMessage {
  readonly sequence: number;
  readonly id: string;
  readonly author: 'customer' | 'agent' | 'system';
  readonly authorName: string;
  readonly text: string;
  readonly time: string;
}

/** Writes one chat line and waits for its acknowledgement: then it is in the log. With `wait`, also for an agent's answer. */
export async function sendChat(context: CliContext, options: SendChatOptions): Promise<void> {
  const text = options.text === '-' ? (await context.readStdin()).trimEnd() : options.text;
  const socket = await Conversation.open(chatAddress(context, options.url), context.signal);
  try {
    const { site, name, email, language, token } = options;
    socket.send({ type: 'hello', version: 1, site, name, email, language, token });
    const welcome = await socket.next('welcome', options.timeout, () => true);
    const clientId = context.newId();
    socket.send({ type: 'message', clientId, text });
    const ack = await socket.next('ack', options.timeout, (frame) => frame.clientId === clientId);
    if (!options.json) {
      context.stdout.write(`Sent ${ack.id}.\n`);
      context.stderr.write(`Go on in this conversation with --token ${welcome.token}\n`);
    }
    const answers: ChatMessage[] = [];
    if (options.wait !== undefined) {
      const answer = await socket.next('message', options.wait, (frame) => {
        if (frame.sequence <= ack.sequence || frame.author === 'customer') return false;
        answers.push(frame);
        if (!options.json) context.stdout.write(answerText(frame));
        // The acknowledgement of a machine is shown, but it is not the answer.
        return frame.author === 'agent';
      });
      socket.send({ type: 'read', sequence: answer.sequence });
    }
    if (options.json) {
      const { sessionId, token: sessionToken } = welcome;
      printJson(context, { messageId: ack.id, sequence: ack.sequence, sessionId, token: sessionToken, answers });
    }
  } finally {
    socket.close();
  }
}

function chatAddress(context: CliContext, given: string | undefined): URL {
  const text =
    given ?? (context.environment['CHAT_URL'] || `http://localhost:${context.environment['HTTP_PORT'] || 8080}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usageFailure(`--url: '${text}' is not an http(s):// URL`);
  url.protocol = url.protocol.replace('http', 'ws');
  url.pathname = `${url.pathname.replace(/\/$/, '')}/chat/v1/ws`;
  return url;
}

function answerText({ author, authorName, text }: ChatMessage): string {
  return `${plainLine(authorName || author)}: ${plain(text)}\n`;
}

/** A WebSocket whose frames are awaited one kind at a time. */
class Conversation {
  readonly #socket: WebSocket;
  readonly #address: string;
  readonly #signal: AbortSignal;
  readonly #frames: ServerFrame[] = [];
  #wake: () => void = () => {};
  #closed: string | undefined;

  private constructor(socket: WebSocket, address: string, signal: AbortSignal) {
    this.#socket = socket;
    this.#address = address;
    this.#signal = signal;
    socket.addEventListener('message', ({ data }) => {
      this.#frames.push(JSON.parse(String(data)) as ServerFrame);
      this.#wake();
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.#closed = reason || `code ${code}`;
      this.#wake();
    });
    signal.addEventListener('abort', () => this.#wake(), { once: true });
  }

  static async open(url: URL, signal: AbortSignal): Promise<Conversation> {
    const address = url.host;
    const socket = new WebSocket(url);
    const conversation = new Conversation(socket, address, signal);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      const failure = unavailableFailure(`No chat answers at ${address}. Is Tributary running? (npm start)`);
      socket.addEventListener('error', () => reject(failure), { once: true });
    });
    return conversation;
  }

  send(frame: object): void {
    this.#socket.send(JSON.stringify(frame));
  }

  close(): void {
    this.#socket.close();
  }

  /** The next frame of a type that is wanted; others are passed over. An error frame, the end or the time-out rejects. */
  async next<Type extends ServerFrame['type']>(
    type: Type,
    timeoutMs: number,
    wanted: (frame: Extract<ServerFrame, { type: Type }>) => boolean,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, timeoutMs);
    try {
      for (;;) {
        for (let frame = this.#frames.shift(); frame !== undefined; frame = this.#frames.shift()) {
          if (frame.type === 'error') {
            throw new CommandFailure(
              exitCodes.refused,
              frame.code.toUpperCase(),
              `The chat refused it: ${frame.message}`,
            );
          }
          const candidate = frame as Extract<ServerFrame, { type: Type }>;
          if (frame.type === type && wanted(candidate)) return candidate;
        }
        this.#signal.throwIfAborted();
        if (this.#closed !== undefined) {
          throw unavailableFailure(`The chat at ${this.#address} ended the connection: ${this.#closed}`);
        }
        if (late) {
          const what = type === 'message' ? 'No answer came' : `The chat at ${this.#address} did not answer`;
          throw unavailableFailure(`${what} within ${duration(timeoutMs)}.`);
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
