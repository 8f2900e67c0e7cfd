import {
  Automatic,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { conversationKeyOf, messageReference, type Place } from './place.ts';
import type { TelegramCallbackQuery, TelegramFile, TelegramMessage, TelegramUpdate, TelegramUser } from './update.ts';

/** The bot that received an update. */
export interface Bot {
  readonly account: string;
  readonly id: number;
  readonly username: string;
}

/** A file of a message, not fetched yet. */
export interface MessageFile {
  readonly id: string;
  readonly uniqueId: string;
  /** Bytes; 0 when not said. */
  readonly size: number;
  readonly name: string;
  readonly mediaType: string;
}

export interface ReadUpdate {
  readonly message: InboundMessage;
  readonly files: readonly MessageFile[];
  /** A pressed button waits for an answer. */
  readonly callbackQueryId?: string;
}

/** What an update says to us. Undefined when it says nothing: another kind, or a group's talk that is not for the bot. */
export function readUpdate(update: TelegramUpdate, bot: Bot, receivedAtMs: number): ReadUpdate | undefined {
  if (update.callback_query !== undefined) return readPress(update.callback_query, bot, receivedAtMs);
  const message = update.message ?? update.edited_message;
  if (message?.from === undefined) return undefined;
  const isGroup = message.chat.type === 'group' || message.chat.type === 'supergroup';
  if (!isGroup && message.chat.type !== 'private') return undefined;
  if (isGroup && !isForBot(message, bot)) return undefined;
  // What the app sends when somebody opens the bot for the first time.
  if (message.text === '/start') return undefined;
  const files = filesOf(message);
  const text = textOf(message);
  if (text === '' && files.length === 0) return undefined;

  const { chat, from } = message;
  const reference = messageReference(chat.id, message.message_id);
  const isEdit = update.edited_message !== undefined;
  const editDate = message.edit_date ?? 0;
  const answered = message.reply_to_message;
  return {
    files,
    message: InboundMessage.fromPartial({
      ...whoAndWhere(bot, from, chat, receivedAtMs),
      // Not the update id: after a quiet week Telegram goes on with a random one (core.telegram.org/bots/api#update).
      id: inboundMessageId('telegram', String(bot.id), isEdit ? `${reference}@${editDate}` : reference),
      providerMessageId: reference,
      text: isEdit ? `(edited) ${text}` : text,
      references: answered === undefined ? [] : [messageReference(chat.id, answered.message_id)],
      providerTime: new Date((isEdit ? editDate : message.date) * 1000),
      attributes: {
        ...personAttributes(from, chat),
        ...(isEdit && { edited_message_id: reference }),
        ...(message.media_group_id !== undefined && { media_group_id: message.media_group_id }),
        ...locationAttributes(message),
      },
    }),
  };
}

function readPress(query: TelegramCallbackQuery, bot: Bot, receivedAtMs: number): ReadUpdate | undefined {
  // Without a message it is a button of an inline query, which bots of ours do not answer.
  if (query.message === undefined || query.data === '') return undefined;
  const { chat, message_id } = query.message;
  return {
    files: [],
    callbackQueryId: query.id,
    message: InboundMessage.fromPartial({
      ...whoAndWhere(bot, query.from, chat, receivedAtMs),
      id: inboundMessageId('telegram', String(bot.id), `press:${query.id}`),
      providerMessageId: `press:${query.id}`,
      text: query.data,
      references: [messageReference(chat.id, message_id)],
      attributes: { ...personAttributes(query.from, chat), button: 'true' },
    }),
  };
}

function whoAndWhere(bot: Bot, from: TelegramUser, chat: TelegramMessage['chat'], receivedAtMs: number) {
  const isPrivate = chat.type === 'private';
  const place: Place = { account: bot.account, chatId: chat.id, ...(!isPrivate && { memberId: from.id }) };
  return {
    channel: 'telegram',
    account: bot.account,
    conversationKey: conversationKeyOf(place),
    sender: {
      kind: 'telegram',
      address: String(from.id),
      displayName: `${from.first_name} ${from.last_name}`.trim() || from.username,
      verification: Verification.VERIFICATION_CHANNEL,
    },
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    // A whole group reads along.
    visibility: isPrivate ? Visibility.VISIBILITY_PRIVATE : Visibility.VISIBILITY_PUBLIC,
    automatic:
      from.id === bot.id
        ? Automatic.AUTOMATIC_OWN
        : from.is_bot
          ? Automatic.AUTOMATIC_GENERATED
          : Automatic.AUTOMATIC_NONE,
    languageHint: from.language_code,
    receivedTime: new Date(receivedAtMs),
  };
}

/** Mentioned, commanded by name, or answered. */
function isForBot(message: TelegramMessage, bot: Bot): boolean {
  if (message.reply_to_message?.from?.id === bot.id) return true;
  const isBot = (name: string) => name.toLowerCase() === `@${bot.username.toLowerCase()}`;
  const named = (text: string, entities: TelegramMessage['entities']) =>
    entities.some(({ type, offset, length, user }) => {
      const words = text.slice(offset, offset + length);
      if (type === 'text_mention') return user?.id === bot.id;
      if (type === 'mention') return isBot(words);
      return type === 'bot_command' && isBot(words.slice(Math.max(0, words.indexOf('@'))));
    });
  return named(message.text, message.entities) || named(message.caption, message.caption_entities);
}

function textOf({ text, caption, sticker, location, venue, contact }: TelegramMessage): string {
  if (text !== '') return text;
  if (caption !== '') return caption;
  if (sticker !== undefined) return sticker.emoji;
  if (venue !== undefined) return `${venue.title}, ${venue.address} (${mapUrl(venue.location)})`;
  if (location !== undefined) return mapUrl(location);
  return contact === undefined ? '' : `${contact.first_name} ${contact.phone_number}`;
}

function mapUrl({ latitude, longitude }: { latitude: number; longitude: number }): string {
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}`;
}

function locationAttributes({ location, venue }: TelegramMessage): Record<string, string> {
  const place = location ?? venue?.location;
  return place === undefined ? {} : { latitude: String(place.latitude), longitude: String(place.longitude) };
}

function personAttributes(from: TelegramUser, chat: TelegramMessage['chat']): Record<string, string> {
  return {
    ...(from.username !== '' && { username: from.username }),
    ...(chat.type !== 'private' && { chat_type: chat.type, chat_title: chat.title }),
  };
}

/** The largest size of a picture; of an animation not also the document that repeats it. */
function filesOf(message: TelegramMessage): MessageFile[] {
  const { photo, video, video_note, animation, voice, audio, document, sticker } = message;
  const largest = photo?.toSorted((a, b) => a.width * a.height - b.width * b.height).at(-1);
  const stickerType =
    sticker?.is_animated === true
      ? 'application/x-tgsticker'
      : sticker?.is_video === true
        ? 'video/webm'
        : 'image/webp';
  const found: [TelegramFile | undefined, string][] = [
    [largest, 'image/jpeg'],
    [video, 'video/mp4'],
    [video_note, 'video/mp4'],
    [animation, 'video/mp4'],
    [voice, 'audio/ogg'],
    [audio, 'audio/mpeg'],
    [animation === undefined ? document : undefined, 'application/octet-stream'],
    [sticker, stickerType],
  ];
  return found.flatMap(([file, mediaType]) =>
    file === undefined
      ? []
      : [
          {
            id: file.file_id,
            uniqueId: file.file_unique_id,
            size: file.file_size,
            name: file.file_name,
            mediaType: file.mime_type.toLowerCase() || mediaType,
          },
        ],
  );
}
