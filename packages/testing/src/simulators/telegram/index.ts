import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { answerCustomer } from '../customer-face.ts';
import { BotApiError, callMethod, type Polling } from './bot-api.ts';
import { telegramCustomer } from './customer.ts';
import {
  type SentToCustomer,
  type TelegramChat,
  type TelegramMessage,
  TelegramState,
  type TelegramUpdate,
  type TelegramUser,
} from './state.ts';
import { createWebhookCalls } from './webhook-calls.ts';

export type { SentToCustomer, TelegramChat, TelegramMessage, TelegramUpdate, TelegramUser } from './state.ts';

/** How it takes what the bot sends: properly; not at all (502); with 429; or by doing as asked and never answering. */
export type TelegramBehaviour = 'well' | 'down' | 'busy' | 'silent';

export interface TelegramSimulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The bot's token. Its id is the number before the colon. */
  readonly token?: string;
  readonly username?: string;
}

/** A Telegram with one bot: the Bot API towards the bot, its customers as functions and, below `/simulator/`, as JSON. */
export interface TelegramSimulator extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly bot: TelegramUser & { readonly username: string };
  /** Somebody writes to the bot, or into a group. `content` is what a `Message` holds: `{ text }`, `{ photo, caption }`, … */
  write(from: TelegramUser, content: Readonly<Record<string, unknown>>, chat?: TelegramChat): TelegramMessage;
  /** The writer changes a message. */
  edit(message: TelegramMessage, content: Readonly<Record<string, unknown>>): void;
  /** Somebody presses a button under a message of the bot. @returns the callback query's id. */
  press(from: TelegramUser, data: string, chat?: TelegramChat): string;
  /** Any other update, as it is. */
  offer(content: Readonly<Record<string, unknown>>): TelegramUpdate;
  /** Keeps a file as customers' files are kept. @returns what a `PhotoSize`, `Document`, … holds of it. */
  keep(bytes: Uint8Array, name: string): { file_id: string; file_unique_id: string; file_size: number };
  block(userId: number): void;
  /** The group becomes a supergroup with another id. */
  migrate(chatId: number, supergroupId: number): void;
  /** What the bot sent, to one chat or to all, oldest first. */
  received(chatId?: number): readonly SentToCustomer[];
  /** Chat actions such as "typing". */
  readonly actions: readonly { readonly chatId: number; readonly action: string }[];
  readonly answeredCallbacks: readonly string[];
  /** Updates that the bot has not confirmed. */
  readonly unconfirmed: readonly TelegramUpdate[];
  readonly webhook: { readonly url: string; readonly secretToken: string } | undefined;
  /** How often a poll was ended because another one came. */
  readonly conflicts: number;
  /** How often a method was called, whatever became of it. */
  calls(method: string | RegExp): number;
  /** The next call of this method is refused. */
  failNext(method: string, code: number, description: string): void;
  /** How files and methods other than getUpdates and getMe are served. */
  behave(behaviour: TelegramBehaviour): void;
}

/** Starts it. Requires the webhook's secret token where one was set, and takes one poller at a time, as the real one does. */
export async function startTelegramSimulator(options: TelegramSimulatorOptions = {}): Promise<TelegramSimulator> {
  const token = options.token ?? '7000000001:simulated-token-of-the-bot';
  const username = options.username ?? 'tributary_support_bot';
  const bot = { id: Number(token.split(':')[0]), is_bot: true, first_name: 'Support', username };
  const state = new TelegramState(bot, 1000 + Math.floor(Math.random() * 1_000_000));
  const polling: Polling = { current: undefined, conflicts: 0 };
  const counts = new Map<string, number>();
  const failures = new Map<string, BotApiError>();
  const webhookCalls = createWebhookCalls(state);
  let behaviour: TelegramBehaviour = 'well';

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (await answerCustomer(request, response, telegramCustomer(simulator))) return;
    const [, first = '', second = '', ...rest] = (request.url ?? '').replace(/\?.*/, '').split('/');
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const isFile = first === 'file';
    if ((isFile ? second : first) !== `bot${token}`) {
      return void send(401, { ok: false, error_code: 401, description: 'Unauthorized' });
    }
    const method = isFile ? 'file' : second;
    counts.set(method, (counts.get(method) ?? 0) + 1);
    const bytes = await buffer(request);
    const exempt = method === 'getUpdates' || method === 'getMe';
    if (behaviour === 'down' && !exempt) return void response.writeHead(502).end('<html>Bad Gateway</html>');
    if (behaviour === 'busy' && !exempt) {
      const parameters = { retry_after: 3 };
      return void send(429, {
        ok: false,
        error_code: 429,
        description: 'Too Many Requests: retry after 3',
        parameters,
      });
    }
    if (isFile) {
      const file = [...state.files.values()].find(({ path }) => path === rest.join('/'));
      return void (file === undefined
        ? send(404, { ok: false, error_code: 404, description: 'Not Found' })
        : response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(file.bytes));
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    try {
      const failure = failures.get(method);
      failures.delete(method);
      if (failure !== undefined) throw failure;
      const result = await callMethod(state, polling, {
        method,
        parameters: await parametersOf(request, bytes),
        signal: gone.signal,
      });
      if (behaviour === 'silent' && !exempt) return;
      if (method === 'setWebhook') webhookCalls.pump();
      send(200, { ok: true, result });
    } catch (error) {
      if (!(error instanceof BotApiError)) throw error;
      const { code, message, parameters } = error;
      send(code, {
        ok: false,
        error_code: code,
        description: message,
        ...(parameters !== undefined && { parameters }),
      });
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));

  const offer = (content: Readonly<Record<string, unknown>>) => {
    const update = state.newUpdate(content);
    state.offer(update);
    webhookCalls.pump();
    return update;
  };
  const privateChat = (user: TelegramUser): TelegramChat => ({ id: user.id, type: 'private' });
  const seconds = () => Math.floor(Date.now() / 1000);

  const simulator: TelegramSimulator = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    bot,
    write(from, content, chat = privateChat(from)) {
      state.chats.set(chat.id, chat);
      const message = { message_id: state.nextMessageId(chat.id), date: seconds(), chat, from, ...content };
      offer({ message });
      return message;
    },
    edit: (message, content) => void offer({ edited_message: { ...message, ...content, edit_date: seconds() } }),
    press(from, data, chat = privateChat(from)) {
      state.chats.set(chat.id, chat);
      const last = state.sent.findLast(({ chatId }) => chatId === chat.id);
      const id = String(Math.floor(Math.random() * 1e15));
      const message = { message_id: last?.messageId ?? 1, date: seconds(), chat, from: bot, text: last?.text ?? '' };
      offer({ callback_query: { id, from, message, chat_instance: '1', data } });
      return id;
    },
    offer,
    keep(bytes, name) {
      const fileId = `file-${state.files.size + 1}`;
      state.files.set(fileId, { path: `files/${fileId}/${name}`, bytes: Buffer.from(bytes) });
      return { file_id: fileId, file_unique_id: `unique-${fileId}`, file_size: bytes.length };
    },
    block: (userId) => void state.blockedBy.add(userId),
    migrate: (chatId, supergroupId) => {
      const chat = state.chats.get(chatId);
      state.migrated.set(chatId, supergroupId);
      state.chats.set(supergroupId, { ...chat, id: supergroupId, type: 'supergroup' });
    },
    received: (chatId) => state.sent.filter((each) => chatId === undefined || each.chatId === chatId),
    actions: state.actions,
    answeredCallbacks: state.answeredCallbacks,
    get unconfirmed() {
      return state.unconfirmed;
    },
    get webhook() {
      return state.webhook;
    },
    get conflicts() {
      return polling.conflicts;
    },
    calls: (method) =>
      [...counts].reduce(
        (sum, [name, count]) =>
          (typeof method === 'string' ? name === method : method.test(name)) ? sum + count : sum,
        0,
      ),
    failNext: (method, code, description) => void failures.set(method, new BotApiError(code, description)),
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      webhookCalls.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return simulator;
}

async function parametersOf({ headers, method, url }: IncomingMessage, bytes: Buffer): Promise<FormData> {
  const type = headers['content-type'] ?? '';
  if (method !== 'POST' || bytes.length === 0) {
    const form = new FormData();
    for (const [name, value] of new URL(url ?? '', 'http://localhost').searchParams) form.set(name, value);
    return form;
  }
  return new Response(new Uint8Array(bytes), { headers: { 'content-type': type } }).formData();
}
