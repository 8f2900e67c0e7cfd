import { expect, test } from 'vitest';
import { type ChannelLimits, type WrittenReply, whyNotCarried } from '../../src/domain/channel-limits.ts';
import { hour, start } from './given.ts';

const unlimited: ChannelLimits = {
  maxTextLength: 0,
  maxPublicTextLength: 0,
  splitsText: false,
  media: [{ mediaType: '*/*', maxBytes: 0 }],
  maxAttachments: 0,
  replyVisibilities: [],
  replyWindowMs: 0,
  calls: false,
  listensOnly: false,
};

const file = (mediaType: string, size = 100, name = 'file') => ({
  blob: { key: 'k', mediaType, size, sha256: '' },
  name,
  contentId: '',
});

function why(
  reply: Partial<WrittenReply>,
  limits: Partial<ChannelLimits>,
  customerWroteAtMs: number | undefined = start,
) {
  return whyNotCarried(
    { text: 'text', attachments: [], visibility: 'private', ...reply },
    'pigeon',
    { ...unlimited, ...limits },
    { nowMs: start + hour, customerWroteAtMs },
  );
}

test.each<[string, Partial<WrittenReply>, Partial<ChannelLimits>]>([
  ['anything where nothing limits it', { text: 'x'.repeat(100_000), attachments: [file('video/mp4', 1e9)] }, {}],
  ['a text of just the length', { text: 'x'.repeat(160) }, { maxTextLength: 160 }],
  ['a longer text where it is split', { text: 'x'.repeat(161) }, { maxTextLength: 160, splitsText: true }],
  [
    'a picture by its group',
    { attachments: [file('image/png')] },
    { media: [{ mediaType: 'image/*', maxBytes: 100 }] },
  ],
  [
    'a private text longer than a public one may be',
    { text: 'x'.repeat(141) },
    { maxTextLength: 300, maxPublicTextLength: 140 },
  ],
  ['a public reply', { visibility: 'public' }, { replyVisibilities: ['private', 'public'] }],
  ['a reply within the window', {}, { replyWindowMs: hour }],
])('%s is carried', (_, reply, limits) => {
  expect(why(reply, limits)).toBeUndefined();
});

test.each<[string, Partial<WrittenReply>, Partial<ChannelLimits>]>([
  ['pigeon carries at most 160 characters, the text has 161', { text: 'x'.repeat(161) }, { maxTextLength: 160 }],
  [
    'pigeon carries at most 140 characters, the text has 141',
    { text: 'x'.repeat(141), visibility: 'public' },
    { maxTextLength: 300, maxPublicTextLength: 140, replyVisibilities: ['public'] },
  ],
  ['pigeon is only listened to and carries no replies', {}, { listensOnly: true }],
  ['pigeon does not carry video/mp4 (film)', { attachments: [file('video/mp4', 1, 'film')] }, { media: [] }],
  [
    'pigeon carries at most 99 bytes of image/png, file has 100',
    { attachments: [file('image/png')] },
    { media: [{ mediaType: 'image/*', maxBytes: 99 }] },
  ],
  [
    'pigeon carries at most 1 files a message, the reply has 2',
    { attachments: [file('image/png'), file('image/png')] },
    { maxAttachments: 1 },
  ],
  ['pigeon carries only private replies', { visibility: 'public' }, {}],
  ['pigeon carries only public replies', {}, { replyVisibilities: ['public'] }],
  ['pigeon carries replies only within 15 minutes after the customer wrote', {}, { replyWindowMs: hour / 4 }],
])('%s', (reason, reply, limits) => {
  expect(why(reply, limits)).toBe(reason);
});

test('a customer who never wrote cannot be written to where that is limited', () => {
  expect(
    whyNotCarried(
      { text: 'text', attachments: [], visibility: 'private' },
      'pigeon',
      { ...unlimited, replyWindowMs: 24 * hour },
      { nowMs: start, customerWroteAtMs: undefined },
    ),
  ).toBe('pigeon carries replies only within 24 hours after the customer wrote');
});
