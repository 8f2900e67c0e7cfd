import { z } from 'zod';

const encodingAesKey = z.string().regex(/^[A-Za-z0-9]{43}$/, 'must be the 43 letters and digits of EncodingAESKey');

/** One Official Account (公众号 or 服务号), as its page "Basic configuration" and "Message push" show it. */
export const wechatAccount = z
  .strictObject({
    /** Our name for it, in `InboundMessage.account`. */
    name: z.string().regex(/^[\w-]+$/, 'must consist of letters, digits, - and _'),
    appId: z.string().regex(/^\w+$/, 'must be an AppID'),
    appSecret: z.string().min(1),
    /** Made up by us and entered on the page; signs what WeChat sends. */
    token: z.string().regex(/^[A-Za-z0-9]{3,32}$/, 'must be 3 to 32 letters and digits'),
    /** As chosen on the page. In plain mode a signature does not cover the message. */
    mode: z.enum(['plain', 'compatible', 'safe']).default('safe'),
    encodingAesKey: encodingAesKey.optional(),
    /** The one before, while a change of the key spreads. */
    previousEncodingAesKey: encodingAesKey.optional(),
    /** Whether following the account or scanning its code is recorded as a message; every customer follows before they can write. */
    followEvents: z.enum(['ignore', 'record']).default('ignore'),
    /** Another address than WeChat's: a nearer one of theirs, or a simulator. */
    apiUrl: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .transform((url) => url.replace(/\/+$/, ''))
      .default('https://api.weixin.qq.com'),
  })
  .refine(({ mode, encodingAesKey }) => mode === 'plain' || encodingAesKey !== undefined, {
    path: ['encodingAesKey'],
    error: 'is needed in the modes compatible and safe',
  });

export type WechatAccount = z.infer<typeof wechatAccount>;
