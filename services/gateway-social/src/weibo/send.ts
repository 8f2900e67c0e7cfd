import { type OutboundMessage, OutboundPurpose, Visibility } from '@tributary/contracts';
import { PermanentSendError, type SentMessage } from '@tributary/gateway-kit';
import { z } from 'zod';
import type { WeiboAccount } from './account.ts';
import { commentMessageId, targetOf } from './addresses.ts';
import { allowanceResetMs, callWeibo, sendErrorOf } from './api.ts';

/** UTF-16 code units; Weibo counts 140 Chinese characters. */
export const maxCommentLength = 140;
export const maxPrivateLength = 300;

const written = z.object({ idstr: z.string().optional(), id: z.coerce.string() });

/**
 * Public: a comment under the post or comment being answered. Private: a message to the person. Weibo knows no idempotency
 * key, so an answer that never came leaves the message uncertain.
 * @throws the errors of the gateway kit's send-errors
 */
export async function sendToWeibo(account: WeiboAccount, message: OutboundMessage): Promise<SentMessage> {
  try {
    return message.visibility === Visibility.VISIBILITY_PUBLIC
      ? await comment(account, message)
      : await write(account, message);
  } catch (error) {
    throw await sendErrorOf(error, () => allowanceResetMs(account.apiUrl, account.accessToken));
  }
}

/**
 * https://open.weibo.com/wiki/2/comments/create and https://open.weibo.com/wiki/2/comments/reply: at most 140 Chinese
 * characters; a reply begins with "回复@name" by Weibo's own doing.
 */
async function comment(account: WeiboAccount, message: OutboundMessage): Promise<SentMessage> {
  const target = targetOf(message.parentProviderMessageId);
  if (target === undefined) throw new PermanentSendError('a public reply needs a post or comment to stand under');
  const { statusId, commentId } = target;
  const text = commentId === undefined ? addressed(message) : message.text;
  const common = { id: statusId, comment: text, rip: account.operatorIp };
  const answer =
    commentId === undefined
      ? await callWeibo('POST', `${account.apiUrl}/2/comments/create.json`, account.accessToken, common)
      : await callWeibo('POST', `${account.apiUrl}/2/comments/reply.json`, account.accessToken, {
          ...common,
          cid: commentId,
        });
  // It is accepted, whatever else the answer says.
  const { idstr, id } = written.safeParse(answer).data ?? { id: message.id };
  return { providerMessageId: commentMessageId(statusId, idstr ?? id) };
}

/**
 * A text that a machine sends to many begins with whom it is for, as Weibo itself begins a reply to a comment. Otherwise Weibo
 * refuses it as "repeat content" (20019) when it is the same as our comment before it.
 */
function addressed({ purpose, recipients, text }: OutboundMessage): string {
  const name = recipients[0]?.displayName ?? '';
  if (purpose === OutboundPurpose.OUTBOUND_PURPOSE_REPLY || name === '') return text;
  const whole = `@${name} ${text}`;
  return whole.length <= maxCommentLength ? whole : text;
}

/** https://open.weibo.com/wiki/Send_Customer_Service_Message: at most 300 characters, within 48 hours; the answer names no id. */
async function write(account: WeiboAccount, message: OutboundMessage): Promise<SentMessage> {
  const [recipient] = message.recipients;
  if (recipient?.kind !== 'weibo' || recipient.address === '') {
    throw new PermanentSendError('the recipient has no Weibo user id');
  }
  await callWeibo(
    'POST',
    `${account.messageApiUrl}/2/messages/reply.json`,
    account.messageToken ?? account.accessToken,
    {
      type: 'text',
      data: JSON.stringify({ text: message.text }),
      receiver_id: recipient.address,
      save_sender_box: '1',
    },
  );
  return { providerMessageId: `message:${message.id}` };
}
