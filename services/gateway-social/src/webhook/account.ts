import { z } from 'zod';
import { signingKey, verifyingKey } from './standard-webhooks.ts';

/** One platform that is joined by the generic webhook. */
export const webhookAccount = z
  .strictObject({
    /** In our address and in every conversation's key. */
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
    /** What the platform signs with. Several while one is being replaced. */
    verifyWith: z.array(verifyingKey).min(1, 'must hold at least one key'),
    /** What we sign with; each signs. Several while one is being replaced. */
    signWith: z.array(signingKey).default([]),
    /** Where the platform takes replies. Absent: it takes none. */
    url: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).optional(),
    /** Lets `url` and what it resolves to lie in a private network. */
    allowPrivateAddress: z.boolean().default(false),
    /** Hosts from which attachments given by their URL are fetched; see `KeepFileOptions.hosts`. */
    fileHosts: z.array(z.string().min(1)).default([]),
  })
  .refine(({ url, signWith }) => url === undefined || signWith.length > 0, {
    path: ['signWith'],
    error: 'must hold at least one key when there is a url',
  });

export type WebhookAccount = z.infer<typeof webhookAccount>;
