import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a number of ours can be used for; the names are those of our channels. */
const channelName = z.enum(['sms', 'whatsapp', 'phone'], { error: 'must be one of sms, whatsapp, phone' });
export type PhoneChannelName = z.infer<typeof channelName>;

const e164 = z.string().regex(/^\+[1-9]\d{4,14}$/, 'must be a number as in +15005550006 (E.164)');

const numberSettings = z
  .strictObject({
    number: e164,
    channels: z.array(channelName).min(1, 'must name at least one of sms, whatsapp, phone'),
    messages_per_second: z.number().positive('must be above 0').optional(),
  })
  .transform(({ number, channels, messages_per_second }) => ({
    number,
    channels,
    messagesPerSecond: messages_per_second,
  }));

/** One Twilio account as configured. */
export const twilioAccount = z
  .strictObject({
    account_sid: z.string().regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits'),
    auth_token: z.string().min(1, 'must not be empty').optional(),
    auth_token_file: z.string().optional(),
    region: z.string().optional(),
    edge: z.string().optional(),
    api_url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
    numbers: z.array(numberSettings).min(1, 'must hold at least one number'),
  })
  .transform(({ account_sid, auth_token, auth_token_file, api_url, ...same }, context) => {
    const authToken = auth_token ?? tokenIn(auth_token_file, context);
    return { ...same, accountSid: account_sid, authToken, apiUrl: api_url?.replace(/\/+$/, '') };
  });

export type TwilioAccount = z.output<typeof twilioAccount>;

function tokenIn(path: string | undefined, context: z.RefinementCtx): string {
  let problem = 'auth_token or auth_token_file must be given';
  if (path !== undefined) {
    try {
      const token = readFileSync(path, 'utf8').trim();
      if (token !== '') return token;
      problem = `auth_token_file: ${path} is empty`;
    } catch (error) {
      problem = `auth_token_file: ${(error as Error).message}`;
    }
  }
  context.addIssue({ code: 'custom', message: problem });
  return z.NEVER;
}
