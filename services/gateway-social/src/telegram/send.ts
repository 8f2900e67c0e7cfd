import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import type { BlobStore } from '@tributary/blobstore';
import { type Attachment, type OutboundMessage, Visibility } from '@tributary/contracts';
import { type Bucket, isFull, PermanentSendError, RetryLaterError, takeToken } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import type { Api, InputFile } from 'node-telegram-bot-api';
import type { SendStep } from '../send-steps.ts';
import { messageInChat, messageReference, placeOf } from './place.ts';
import { sendFailure } from './send-failure.ts';

/** What one message's text and a caption may hold (core.telegram.org/bots/api#sendmessage, #sendphoto). */
export const maxTextLength = 4096;
const maxCaptionLength = 1024;
/** The most that a bot may upload, and the most as a photo (core.telegram.org/bots/api#sending-files). */
export const maxFileBytes = 50 * 1024 * 1024;
const maxPhotoBytes = 10 * 1024 * 1024;
/** "Avoid sending more than one message per second" in a chat, "20 messages per minute" in a group; short bursts pass (bots/faq). */
const chatRate = { perMinute: 60, burst: 3 };
const groupRate = { perMinute: 20, burst: 3 };

interface Target {
  readonly chat_id: number;
  readonly reply_parameters?: { readonly message_id: number; readonly allow_sending_without_reply: true };
}

interface SenderOptions {
  readonly api: Api;
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  /** Runs the requests of one message. */
  readonly runSteps: (messageId: string, steps: readonly SendStep[]) => Promise<string>;
}

/** Sends messages of one bot. */
export function createTelegramSender({ api, blobStore, clock, runSteps }: SenderOptions) {
  const buckets = new Map<number, Bucket>();

  /** @throws RetryLaterError when this chat has had its share. */
  function takeTurn(chatId: number): void {
    const rateOf = (id: number) => (id < 0 ? groupRate : chatRate);
    const nowMs = clock.now();
    const { bucket, retryAfterMs } = takeToken(buckets.get(chatId), rateOf(chatId), nowMs);
    for (const [id, each] of buckets) if (isFull(each, rateOf(id), nowMs)) buckets.delete(id);
    buckets.set(chatId, bucket);
    if (retryAfterMs > 0)
      throw new RetryLaterError('Telegram takes one message a second', retryAfterMs, 'conversation');
  }

  /** @returns the reference of the sent message. */
  async function call(chatId: number, send: (chatId: number) => Promise<{ message_id: number }>): Promise<string> {
    takeTurn(chatId);
    try {
      return messageReference(chatId, (await send(chatId)).message_id);
    } catch (error) {
      const { migrateToChatId } = error as { migrateToChatId?: number };
      // The group became a supergroup and has another id since.
      if (migrateToChatId !== undefined) return call(migrateToChatId, send);
      throw sendFailure(error, chatId < 0);
    }
  }

  return async (message: OutboundMessage): Promise<string> => {
    const place = placeOf(message.conversationKey);
    if (place === undefined) throw new PermanentSendError(`${message.conversationKey} is no conversation of Telegram`);
    const isPublic = message.visibility === Visibility.VISIBILITY_PUBLIC;
    // A private answer to somebody in a group goes to their own chat, where Telegram takes it if they have started the bot.
    const chatId = isPublic ? place.chatId : (place.memberId ?? place.chatId);
    const replyTo = messageInChat(message.references.at(-1), chatId);
    const target = (chat_id: number): Target => ({
      chat_id,
      ...(replyTo !== undefined && { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
    });

    const { text, attachments } = message;
    const isCaption = attachments.length === 1 && text.length <= maxCaptionLength;
    const steps: SendStep[] = [];
    if (text !== '' && !isCaption) {
      steps.push(() => call(chatId, (id) => api.sendMessage({ ...target(id), text })));
    }
    for (const attachment of attachments) {
      steps.push(async () => {
        const file = await inputFile(attachment);
        const caption = isCaption && text !== '' ? { caption: text } : {};
        return call(chatId, (id) => sendFile(attachment, file, { ...target(id), ...caption }));
      });
    }
    return runSteps(message.id, steps);
  };

  async function inputFile({ blob, name }: Attachment): Promise<InputFile> {
    const key = blob?.key ?? '';
    if ((await blobStore.size(key)) === undefined)
      throw new PermanentSendError(`the file ${name} is not there any more`);
    const { InputFile } = await import('node-telegram-bot-api');
    const open = async () => {
      const content = await blobStore.get(key);
      if (content === undefined) throw new PermanentSendError(`the file ${name} is not there any more`);
      return Readable.toWeb(content) as WebStream<Uint8Array> as ReadableStream<Uint8Array>;
    };
    return new InputFile(open, { filename: name || 'file', contentType: blob?.mediaType ?? '' });
  }

  /** As what Telegram shows best; what it would refuse as a picture goes as a document. */
  function sendFile({ blob }: Attachment, file: InputFile, rest: Target & { caption?: string }) {
    const size = Number(blob?.size ?? 0);
    switch (blob?.mediaType) {
      case 'image/jpeg':
      case 'image/png':
      case 'image/webp':
        return size <= maxPhotoBytes
          ? api.sendPhoto({ ...rest, photo: file })
          : api.sendDocument({ ...rest, document: file });
      case 'video/mp4':
        return api.sendVideo({ ...rest, video: file });
      case 'audio/mpeg':
      case 'audio/mp4':
        return api.sendAudio({ ...rest, audio: file });
      case 'audio/ogg':
        return api.sendVoice({ ...rest, voice: file });
      default:
        return api.sendDocument({ ...rest, document: file });
    }
  }
}
