import { InboundMessage, inboundMessageId, MessageKind, Verification, Visibility } from '@tributary/contracts';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { WeiboAccount } from './account.ts';
import { commentMessageId, postConversation, statusMessageId } from './addresses.ts';

const user = z.object({ idstr: z.string().optional(), id: z.coerce.string(), screen_name: z.string().default('') });

/** A post or a comment, as far as it matters (https://open.weibo.com/wiki/2/statuses/mentions, …/2/comments/to_me). */
const item = z.object({
  idstr: z.string().optional(),
  id: z.coerce.string(),
  created_at: z.string(),
  text: z.string().default(''),
  /** Absent when it was deleted. */
  user: user.optional(),
  /** Of a post: its pictures, as thumbnails at `<host>/thumbnail/<name>`. */
  pic_urls: z.array(z.object({ thumbnail_pic: z.url() })).catch([]),
  /** Of a post that passes another on: that one. */
  retweeted_status: z.object({ text: z.string().default('') }).optional(),
  /** Of a comment: the post it stands under. */
  status: z.object({ idstr: z.string().optional(), id: z.coerce.string() }).optional(),
  /** Of a comment: the comment it answers. */
  reply_comment: z.object({ idstr: z.string().optional(), id: z.coerce.string() }).optional(),
});
export type FeedItem = z.infer<typeof item>;

/** The items of a page, in the provider's order (newest first). @throws ZodError for an answer that is not one. */
export function itemsOf(page: unknown, list: 'statuses' | 'comments'): FeedItem[] {
  return z.object({ [list]: z.array(item) }).parse(page)[list] ?? [];
}

/** Ids are 64-bit: only the string is exact. */
export function idOf({ idstr, id }: { readonly idstr?: string | undefined; readonly id: string }): string {
  return idstr ?? id;
}

/** Addresses of a post's pictures in their full size, the same but for the folder. */
export function picturesOf({ pic_urls }: FeedItem): string[] {
  return pic_urls.map(({ thumbnail_pic: url }) => url.replace('/thumbnail/', '/large/'));
}

/** Undefined for what is deleted, or our own. */
export function publicMessage(account: WeiboAccount, found: FeedItem, nowMs: number): InboundMessage | undefined {
  const { user: writer, status, reply_comment: answered, text } = found;
  if (writer === undefined) return undefined;
  const uid = idOf(writer);
  if (uid === account.uid) return undefined;
  const isComment = status !== undefined;
  const statusId = isComment ? idOf(status) : idOf(found);
  const providerMessageId = isComment ? commentMessageId(statusId, idOf(found)) : statusMessageId(statusId);
  const parent = answered === undefined ? statusMessageId(statusId) : commentMessageId(statusId, idOf(answered));
  const time = timeOf(found.created_at);
  return InboundMessage.fromPartial({
    id: inboundMessageId('weibo', account.name, providerMessageId),
    channel: 'weibo',
    account: account.name,
    providerMessageId,
    conversationKey: postConversation(account.name, statusId, uid),
    sender: {
      kind: 'weibo',
      address: uid,
      displayName: writer.screen_name,
      verification: Verification.VERIFICATION_CHANNEL,
    },
    text,
    quotedText: found.retweeted_status?.text ?? '',
    references: isComment ? [parent] : [],
    kind: isComment ? MessageKind.MESSAGE_KIND_COMMENT : MessageKind.MESSAGE_KIND_POST,
    visibility: Visibility.VISIBILITY_PUBLIC,
    parentProviderMessageId: isComment ? parent : '',
    ...(time !== undefined && { providerTime: time }),
    receivedTime: new Date(nowMs),
    attributes: { page: `https://weibo.com/${uid}/${statusId}` },
  });
}

/** Weibo's times: "Mon Jul 16 18:09:20 +0800 2012". */
export function timeOf(text: string): Date | undefined {
  const time = DateTime.fromFormat(text, 'EEE MMM dd HH:mm:ss ZZZ yyyy', { locale: 'en' });
  return time.isValid ? time.toJSDate() : undefined;
}
