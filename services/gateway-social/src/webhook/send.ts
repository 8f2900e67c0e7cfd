import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { BlobStore } from '@tributary/blobstore';
import { type OutboundMessage, OutboundPurpose, Visibility } from '@tributary/contracts';
import { AccountUnavailableError, PermanentSendError, RetryLaterError, type SentMessage } from '@tributary/gateway-kit';
import { PrivateAddressError } from '../public-address.ts';
import type { WebhookAccount } from './account.ts';
import { conversationOf, personOf } from './addresses.ts';
import { type ReplyDocument, replyAccepted } from './documents.ts';
import type { PostAnswer, Poster } from './post.ts';
import { signedHeaders } from './standard-webhooks.ts';

const purposes: Readonly<Record<number, ReplyDocument['purpose']>> = {
  [OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT]: 'acknowledgement',
  [OutboundPurpose.OUTBOUND_PURPOSE_NOTIFICATION]: 'notification',
  [OutboundPurpose.OUTBOUND_PURPOSE_SURVEY]: 'survey',
};

/** Without a Retry-After, and the most that is believed of one. */
const busyMs = 30_000;
const longestWaitMs = 60 * 60_000;

/**
 * Posts a reply to the account's address. Its id is the webhook-id, by which the receiver knows a repeat: sending it again
 * after any doubt is safe.
 * @throws the errors of the gateway kit's send-errors
 */
export async function sendReply(
  account: WebhookAccount,
  message: OutboundMessage,
  { poster, blobStore, nowMs }: { readonly poster: Poster; readonly blobStore: BlobStore; readonly nowMs: number },
): Promise<SentMessage> {
  const { url, signWith } = account;
  if (url === undefined) throw new PermanentSendError(`the webhook account ${account.name} has no url for replies`);
  const body = Buffer.from(JSON.stringify(await toDocument(account.name, message, blobStore)));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Tributary',
    ...signedHeaders(message.id, nowMs, body, signWith),
  };
  const answer = await poster.post(url, headers, body).catch((error: unknown) => {
    throw error instanceof PrivateAddressError
      ? new AccountUnavailableError(`${error.message}: allowPrivateAddress permits it`)
      : error;
  });
  if (answer.status < 200 || answer.status > 299) throw refusalOf(answer, nowMs);
  return { providerMessageId: idIn(answer.text) ?? message.id };
}

/** How a status is to be taken (Standard Webhooks, "Delivery success and failure"). */
function refusalOf({ status, headers, text }: PostAnswer, nowMs: number): Error {
  const beginning = text.replace(/\s+/g, ' ').trim().slice(0, 300);
  const reason = `the platform answered ${status}${beginning === '' ? '' : `: ${beginning}`}`;
  if (status >= 300 && status < 400) {
    return new AccountUnavailableError(
      `${reason} (redirects to ${headers.location ?? 'elsewhere'}, which is not followed: set the account's url)`,
    );
  }
  if (status === 429) return new RetryLaterError(reason, retryAfterMs(headers['retry-after'], nowMs) ?? busyMs);
  if (status === 503) {
    const afterMs = retryAfterMs(headers['retry-after'], nowMs);
    if (afterMs !== undefined) return new RetryLaterError(reason, afterMs);
  }
  // 408 and 425 ask for another try.
  const isPermanent = status >= 400 && status < 500 && status !== 408 && status !== 425;
  return isPermanent ? new PermanentSendError(reason, String(status)) : new Error(reason);
}

/** Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now. */
function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), longestWaitMs);
}

function idIn(text: string): string | undefined {
  try {
    return replyAccepted.safeParse(JSON.parse(text)).data?.id;
  } catch {
    return undefined;
  }
}

async function toDocument(account: string, message: OutboundMessage, blobStore: BlobStore): Promise<ReplyDocument> {
  const [recipient] = message.recipients;
  const isPublic = message.visibility === Visibility.VISIBILITY_PUBLIC;
  return {
    type: 'reply.created',
    timestamp: (message.createdTime ?? new Date(0)).toISOString(),
    id: message.id,
    conversation: conversationOf(account, message.conversationKey),
    recipient: { id: personOf(account, recipient?.address ?? ''), name: recipient?.displayName ?? '' },
    visibility: isPublic ? 'public' : 'private',
    ...given('parent', message.parentProviderMessageId),
    references: message.references,
    ...given('subject', message.subject),
    text: message.text,
    ...given('html', message.html),
    attachments: await Promise.all(
      message.attachments.map(async ({ name, blob }) => ({
        name,
        mediaType: blob?.mediaType ?? 'application/octet-stream',
        content: (await contentOf(blobStore, blob?.key ?? '', name)).toString('base64'),
      })),
    ),
    purpose: purposes[message.purpose] ?? 'reply',
    ...given('author', message.authorName),
    ...given('language', message.language),
    ...given('ticket', isPublic ? '' : message.ticketNumber),
  };
}

function given<Key extends string>(key: Key, value: string): Partial<Record<Key, string>> {
  return value === '' ? {} : ({ [key]: value } as Record<Key, string>);
}

async function contentOf(blobStore: BlobStore, key: string, name: string): Promise<Buffer> {
  const stream: Readable | undefined = await blobStore.get(key);
  if (stream === undefined) throw new PermanentSendError(`the attachment ${name} is not kept any more`);
  return buffer(stream);
}
