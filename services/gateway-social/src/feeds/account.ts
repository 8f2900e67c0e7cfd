import { z } from 'zod';

const words = z.array(z.string().trim().min(1, 'must not be empty'));

/** What is looked for, and what becomes of it. */
const rule = z.strictObject({
  /** One of these words or phrases must be there. */
  words: words.min(1, 'must hold at least one word or phrase'),
  /** When given, one of these as well. */
  with: words.default([]),
  /** A ticket; only counted, on mentions.v1; or passed over. */
  become: z.enum(['ticket', 'count', 'ignore'], { error: 'must be ticket, count or ignore' }),
});
export type MentionRule = z.infer<typeof rule>;

/** Feeds that are listened to together: a post in several of them is one. docs/channels/feeds.md has examples. */
export const feedsAccount = z.strictObject({
  /** In every conversation's key. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  /** Addresses of RSS, Atom and JSON feeds. */
  feeds: z
    .array(z.url({ protocol: /^https?$/, error: 'must be an http or https address' }))
    .min(1, 'must hold at least one feed'),
  /** The first that fits decides; what fits none is passed over. */
  mentions: z.array(rule).min(1, 'must hold at least one rule'),
  /** How often each feed is asked. A feed may ask for less. */
  pollSeconds: z.number().int().min(5, 'must be at least 5').default(900),
  /** Lets feeds lie in a private network. */
  allowPrivateAddress: z.boolean().default(false),
});

export type FeedsAccount = z.infer<typeof feedsAccount>;
