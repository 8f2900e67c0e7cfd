import { z } from 'zod';

/** One Weibo account of ours. docs/channels/weibo.md says which console page gives which value. */
export const weiboAccount = z.strictObject({
  /** In our address and in every conversation's key. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  /** Our own user id: what we write ourselves is passed over. */
  uid: z.string().regex(/^\d{1,19}$/, 'must be digits'),
  /** Signs what the fans' service platform (粉丝服务平台) pushes to us. */
  appSecret: z.string().min(1, 'must not be empty'),
  /** OAuth 2.0 token of the account for statuses and comments. */
  accessToken: z.string().min(1, 'must not be empty'),
  /** Token of the fans' service platform, for private messages. Default: `accessToken`. */
  messageToken: z.string().min(1, 'must not be empty').optional(),
  /** `rip`: the address of whoever writes comments, which Weibo asks for. */
  operatorIp: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }),
  /** How often mentions and comments are looked for. Each look costs three calls of the hourly allowance. */
  pollSeconds: z.number().int().min(5, 'must be at least 5').default(60),
  apiUrl: z.url().default('https://api.weibo.com'),
  messageApiUrl: z.url().default('https://m.api.weibo.com'),
  fileApiUrl: z.url().default('https://upload.api.weibo.com'),
  /** Where posts' pictures are fetched from; see `KeepFileOptions.hosts`. */
  pictureHosts: z.array(z.string().min(1)).default(['*.sinaimg.cn']),
});

export type WeiboAccount = z.infer<typeof weiboAccount>;
