import { createHash, timingSafeEqual } from 'node:crypto';
import type { BlobStore } from '@tributary/blobstore';
import { hashId, InboundMessage, inboundMessageId, MessageKind, Verification, Visibility } from '@tributary/contracts';
import {
  jsonBody,
  type KeptFile,
  keepFile,
  refuseReplay,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import { z } from 'zod';
import type { WeiboAccount } from './account.ts';
import { privateConversation } from './addresses.ts';
import { timeOf } from './feed-items.ts';

const maxFileBytes = 20 * 1024 * 1024;

/**
 * The push is signed with sha1 over secret, timestamp and nonce, sorted and joined: the body is not under it
 * (https://open.weibo.com/wiki/Messages_api_start).
 * @throws WebhookRefusal 403
 */
export function verifyPush({ appSecret }: WeiboAccount, { query }: WebhookRequest, nowMs: number): void {
  const [timestamp, nonce, signature] = ['timestamp', 'nonce', 'signature'].map((name) => query.get(name) ?? '') as [
    string,
    string,
    string,
  ];
  const expected = createHash('sha1').update([appSecret, timestamp, nonce].sort().join('')).digest();
  const given = Buffer.from(signature, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new WebhookRefusal(403, 'signature does not match');
  }
  // Milliseconds in the documentation's example.
  refuseReplay(Number(timestamp), nowMs);
}

const push = z.object({
  type: z.string(),
  sender_id: z.coerce.string(),
  receiver_id: z.coerce.string(),
  created_at: z.string(),
  text: z.string().default(''),
  data: z.looseObject({ tovfid: z.coerce.string().optional() }).catch({}),
});

const taken: ReadonlySet<string> = new Set(['text', 'position', 'voice', 'image']);

/**
 * The message a push brings (https://open.weibo.com/wiki/Receive_General_Message); undefined for events and types that are not
 * known, which are to be passed over.
 *
 * Private messages have no id. Weibo advises to tell repeats by sender and time; the time has seconds only, so the content is
 * part of the id as well: a repeat has the same, and two different lines within one second stay two.
 * @throws when a file cannot be fetched just now
 */
export async function privateMessage(
  account: WeiboAccount,
  request: WebhookRequest,
  { blobStore, nowMs }: { readonly blobStore: BlobStore; readonly nowMs: number },
): Promise<InboundMessage | undefined> {
  const parsed = push.safeParse(jsonBody(request));
  if (!parsed.success || !taken.has(parsed.data.type)) return undefined;
  const { type, sender_id: uid, receiver_id: receiver, created_at: createdAt, text, data } = parsed.data;
  // The address is the account's own; what it says of another account is a mistake of whoever set it up.
  if (receiver !== account.uid || uid === account.uid) return undefined;
  const providerMessageId = `message:${hashId(uid, createdAt, type, text, JSON.stringify(data))}`;
  const kept = data.tovfid === undefined ? undefined : await fetchFile(account, data.tovfid, type, blobStore);
  const attributes = placeOf(type, data);
  const time = timeOf(createdAt);
  return InboundMessage.fromPartial({
    id: inboundMessageId('weibo', account.name, providerMessageId),
    channel: 'weibo',
    account: account.name,
    providerMessageId,
    conversationKey: privateConversation(account.name, uid),
    sender: { kind: 'weibo', address: uid, displayName: '', verification: Verification.VERIFICATION_CHANNEL },
    text,
    ...(kept !== undefined &&
      ('attachment' in kept ? { attachments: [kept.attachment] } : { refusals: [kept.refusal] })),
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    visibility: Visibility.VISIBILITY_PRIVATE,
    ...(time !== undefined && { providerTime: time }),
    receivedTime: new Date(nowMs),
    attributes,
  });
}

/** Under `tovfid` the receiver sees a picture or hears a recording, under `vfid` its sender. */
function fetchFile(account: WeiboAccount, fid: string, type: string, blobStore: BlobStore): Promise<KeptFile> {
  const query = new URLSearchParams({ access_token: account.messageToken ?? account.accessToken, fid });
  const { host } = new URL(account.fileApiUrl);
  return keepFile(
    { url: `${account.fileApiUrl}/2/mss/msget?${query}`, name: type, mediaType: '' },
    // Weibo waits 5 s for our answer.
    { blobStore, hosts: [host], maxBytes: maxFileBytes, timeoutMs: 4_000 },
  );
}

function placeOf(type: string, data: Readonly<Record<string, unknown>>): Record<string, string> {
  if (type !== 'position') return {};
  const { longitude, latitude } = data;
  return { longitude: String(longitude ?? ''), latitude: String(latitude ?? '') };
}
