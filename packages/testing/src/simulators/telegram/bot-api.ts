import type { StoredFile, TelegramState } from './state.ts';

/** An answer of the Bot API that is no result. */
export class BotApiError extends Error {
  readonly code: number;
  readonly parameters: Readonly<Record<string, number>> | undefined;

  constructor(code: number, description: string, parameters?: Readonly<Record<string, number>>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

export interface MethodCall {
  readonly method: string;
  readonly parameters: FormData;
  /** Aborts when the bot hangs up. */
  readonly signal: AbortSignal;
}

const sendMethods: Readonly<Record<string, string>> = {
  sendMessage: 'text',
  sendPhoto: 'photo',
  sendVideo: 'video',
  sendAudio: 'audio',
  sendVoice: 'voice',
  sendDocument: 'document',
};
const maxTextLength = 4096;
const maxCaptionLength = 1024;
const maxDownloadBytes = 20 * 1024 * 1024;

/** Which poller has the floor; the one before it is told so. */
export interface Polling {
  current: AbortController | undefined;
  /** How often one was told so. */
  conflicts: number;
}

/** Does what a method of the Bot API does (core.telegram.org/bots/api). @throws BotApiError */
export async function callMethod(state: TelegramState, polling: Polling, call: MethodCall): Promise<unknown> {
  const { method, parameters } = call;
  const text = (name: string) => String(parameters.get(name) ?? '');
  if (method in sendMethods) return sendToCustomer(state, method, parameters);
  switch (method) {
    case 'getMe':
      return state.bot;
    case 'getUpdates':
      return getUpdates(state, polling, call);
    case 'setWebhook':
      state.webhook = text('url') === '' ? undefined : { url: text('url'), secretToken: text('secret_token') };
      return true;
    case 'deleteWebhook':
      state.webhook = undefined;
      return true;
    case 'getFile': {
      const file: StoredFile | undefined = state.files.get(text('file_id'));
      if (file === undefined) throw new BotApiError(400, 'Bad Request: invalid file_id');
      if (file.bytes.length > maxDownloadBytes) throw new BotApiError(400, 'Bad Request: file is too big');
      return {
        file_id: text('file_id'),
        file_unique_id: file.path,
        file_size: file.bytes.length,
        file_path: file.path,
      };
    }
    case 'answerCallbackQuery':
      state.answeredCallbacks.push(text('callback_query_id'));
      return true;
    case 'sendChatAction':
      state.actions.push({ chatId: Number(text('chat_id')), action: text('action') });
      return true;
    default:
      throw new BotApiError(404, 'Not Found');
  }
}

async function getUpdates(state: TelegramState, polling: Polling, { parameters, signal }: MethodCall) {
  if (state.webhook !== undefined) {
    throw new BotApiError(
      409,
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  }
  polling.current?.abort();
  const mine = new AbortController();
  polling.current = mine;
  const before = state.pending(Number(parameters.get('offset') ?? 0));
  if (before.length === 0) {
    await state.arrival(Number(parameters.get('timeout') ?? 0) * 1000, AbortSignal.any([mine.signal, signal]));
  }
  if (mine.signal.aborted) {
    polling.conflicts += 1;
    throw new BotApiError(
      409,
      'Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    );
  }
  polling.current = undefined;
  return state.pending(0).slice(0, 100);
}

async function sendToCustomer(state: TelegramState, method: string, parameters: FormData) {
  const chatId = Number(parameters.get('chat_id'));
  const movedTo = state.migrated.get(chatId);
  if (movedTo !== undefined) {
    throw new BotApiError(400, 'Bad Request: group chat was upgraded to a supergroup chat', {
      migrate_to_chat_id: movedTo,
    });
  }
  const chat = state.chats.get(chatId);
  if (chat === undefined) throw new BotApiError(400, 'Bad Request: chat not found');
  if (state.blockedBy.has(chatId)) throw new BotApiError(403, 'Forbidden: bot was blocked by the user');
  const text = String(parameters.get(method === 'sendMessage' ? 'text' : 'caption') ?? '');
  if (method === 'sendMessage' && text === '') throw new BotApiError(400, 'Bad Request: message text is empty');
  if (text.length > (method === 'sendMessage' ? maxTextLength : maxCaptionLength)) {
    throw new BotApiError(400, 'Bad Request: message is too long');
  }
  const upload = parameters.get(sendMethods[method] ?? '');
  const replyTo = (JSON.parse(String(parameters.get('reply_parameters') ?? '{}')) as { message_id?: number })
    .message_id;
  const messageId = state.nextMessageId(chatId);
  state.sent.push({
    method,
    chatId,
    messageId,
    text,
    ...(replyTo !== undefined && { replyTo }),
    ...(upload instanceof File && {
      file: { name: upload.name, mediaType: upload.type, bytes: Buffer.from(await upload.arrayBuffer()) },
    }),
  });
  return { message_id: messageId, date: Math.floor(Date.now() / 1000), chat, from: state.bot, text };
}
