import { type OutboundMessage, Visibility } from '@tributary/contracts';
import { PermanentSendError, type SentMessage } from '@tributary/gateway-kit';
import { z } from 'zod';
import type { WeiboAccount } from './account.ts';
import { commentMessageId, targetOf } from './addresses.ts';
import { allowanceResetMs, callWeibo, sendErrorOf } from './api.ts';

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
  const common = { id: statusId, comment: message.text, rip: account.operatorIp };
  const answer =
    commentId === undefined
      ? await callWeibo('POST', `${account.apiUrl}/2/comments/create.json`, account.accessToken, common)
      : await callWeibo('POST', `${account.apiUrl}/2/comments/reply.json`, account.accessToken, {
          ...common,
          cid: commentId,
        });
  const { idstr, id } = written.parse(answer);
  return { providerMessageId: commentMessageId(statusId, idstr ?? id) };
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
