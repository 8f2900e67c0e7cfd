import { z } from 'zod';

// What we read of the Bot API's types (core.telegram.org/bots/api#available-types); everything else is passed over.

const user = z.object({
  id: z.number().int(),
  is_bot: z.boolean().default(false),
  first_name: z.string().default(''),
  last_name: z.string().default(''),
  username: z.string().default(''),
  language_code: z.string().default(''),
});

const chat = z.object({ id: z.number().int(), type: z.string(), title: z.string().default('') });

const file = z.object({
  file_id: z.string(),
  file_unique_id: z.string(),
  file_size: z.number().default(0),
  file_name: z.string().default(''),
  mime_type: z.string().default(''),
});

const entities = z
  .array(z.object({ type: z.string(), offset: z.number(), length: z.number(), user: user.optional() }))
  .default([]);

const location = z.object({ latitude: z.number(), longitude: z.number() });

const message = z.object({
  message_id: z.number().int(),
  message_thread_id: z.number().optional(),
  date: z.number(),
  edit_date: z.number().optional(),
  chat,
  /** Absent for what a channel posts. */
  from: user.optional(),
  reply_to_message: z.object({ message_id: z.number().int(), from: user.optional() }).optional(),
  media_group_id: z.string().optional(),
  text: z.string().default(''),
  caption: z.string().default(''),
  entities,
  caption_entities: entities,
  /** Sizes of one picture. */
  photo: z.array(file.extend({ width: z.number(), height: z.number() })).optional(),
  video: file.optional(),
  video_note: file.optional(),
  animation: file.optional(),
  voice: file.optional(),
  audio: file.optional(),
  document: file.optional(),
  sticker: file.extend({ emoji: z.string().default(''), is_animated: z.boolean(), is_video: z.boolean() }).optional(),
  location: location.optional(),
  venue: z.object({ location, title: z.string(), address: z.string() }).optional(),
  contact: z.object({ phone_number: z.string(), first_name: z.string() }).optional(),
});

const callbackQuery = z.object({
  id: z.string(),
  from: user,
  /** Where the button was; its date is 0 when Telegram no longer has the message. */
  message: z.object({ message_id: z.number().int(), chat }).optional(),
  data: z.string().default(''),
});

/** An update of a kind that we ask for. Any other has none of the three. */
export const telegramUpdate = z.object({
  update_id: z.number().int(),
  message: message.optional(),
  edited_message: message.optional(),
  callback_query: callbackQuery.optional(),
});

export type TelegramUpdate = z.infer<typeof telegramUpdate>;
export type TelegramMessage = z.infer<typeof message>;
export type TelegramCallbackQuery = z.infer<typeof callbackQuery>;
export type TelegramUser = z.infer<typeof user>;
export type TelegramFile = z.infer<typeof file>;

/** What we ask Telegram for; nobody is told of members, polls, reactions and the like. */
export const wantedUpdates = ['message', 'edited_message', 'callback_query'];
