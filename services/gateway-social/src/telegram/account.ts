import { z } from 'zod';

const common = {
  /** Our name for the bot, in `InboundMessage.account`. */
  name: z.string().regex(/^[\w-]+$/, 'must consist of letters, digits, - and _'),
  /** From @BotFather. The bot's id is the number before the colon. */
  token: z
    .string()
    .regex(/^\d+:[\w-]+$/, 'must be a token as @BotFather gives it: digits, a colon, letters and digits'),
  /** Another address than Telegram's: a Bot API server of one's own, or a simulator. */
  apiUrl: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .transform((url) => url.replace(/\/+$/, ''))
    .default('https://api.telegram.org'),
};

/** One bot. With `mode: webhook` Telegram calls us, otherwise we ask it. */
export const telegramAccount = z.discriminatedUnion('mode', [
  z.strictObject({ ...common, mode: z.literal('polling') }),
  z.strictObject({
    ...common,
    mode: z.literal('webhook'),
    /** Telegram repeats it in every call (core.telegram.org/bots/api#setwebhook). */
    secretToken: z
      .string()
      .regex(/^[\w-]{16,256}$/, 'must be 16 to 256 letters, digits, - or _, for it is what proves that Telegram calls'),
  }),
]);

export type TelegramAccount = z.infer<typeof telegramAccount>;
