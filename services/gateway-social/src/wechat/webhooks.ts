import { SignalKind } from '@tributary/contracts';
import {
  type Inbox,
  refuseReplay,
  type Webhook,
  type WebhookAnswer,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import type { WechatAccount } from './account.ts';
import { DecryptionError, decrypt, isSignedBy } from './message-crypt.ts';
import { field, type PushFields, parsePush } from './push-xml.ts';
import { type ReadPush, readPush } from './read-push.ts';

/** Hands a message over, with its file. */
export type TakeMessage = (
  account: WechatAccount,
  read: Extract<ReadPush, { message: unknown }>,
  inbox: Inbox,
) => Promise<void>;

/**
 * The two requests of "message push": WeChat proves our address by GET and brings messages by POST
 * (developers.weixin.qq.com/doc/service/guide/dev/push/). We always answer with nothing: replies go out by their own call.
 */
export function wechatWebhooks(
  find: (name: string) => WechatAccount | undefined,
  clock: Clock,
  takeMessage: TakeMessage,
): readonly Webhook[] {
  function accountOf({ parameters }: WebhookRequest): WechatAccount {
    const account = find(parameters['account'] ?? '');
    if (account === undefined) throw new WebhookRefusal(404, 'there is no such account');
    return account;
  }

  /** The signature that every request has. It does not cover the message. */
  function verifyQuery({ token }: WechatAccount, { query }: WebhookRequest): void {
    const [signature, timestamp, nonce] = ['signature', 'timestamp', 'nonce'].map((name) => query.get(name) ?? '');
    if (!isSignedBy([token, `${timestamp}`, `${nonce}`], `${signature}`)) {
      throw new WebhookRefusal(401, 'signature does not match');
    }
    refuseReplay(Number(timestamp) * 1000, clock.now());
  }

  /** In safe mode the signature of the message counts, in plain mode there is none. */
  async function verifyPush(account: WechatAccount, request: WebhookRequest): Promise<void> {
    const { query } = request;
    if (!isEncrypted(request)) {
      if (account.mode === 'safe') throw new WebhookRefusal(401, 'the account takes encrypted messages only');
      verifyQuery(account, request);
      return;
    }
    const [signature, timestamp, nonce] = ['msg_signature', 'timestamp', 'nonce'].map((name) => query.get(name) ?? '');
    const encrypted = field(await fieldsOf(request), 'Encrypt');
    if (!isSignedBy([account.token, `${timestamp}`, `${nonce}`, encrypted], `${signature}`)) {
      throw new WebhookRefusal(401, 'msg_signature does not match');
    }
    refuseReplay(Number(timestamp) * 1000, clock.now());
  }

  return [
    {
      method: 'GET',
      path: '/:account',
      verify: (request) => verifyQuery(accountOf(request), request),
      receive: async ({ query }): Promise<WebhookAnswer> => ({ body: query.get('echostr') ?? '' }),
    },
    {
      method: 'POST',
      path: '/:account',
      verify: (request) => verifyPush(accountOf(request), request),
      async receive(request, inbox) {
        const account = accountOf(request);
        const sent = await fieldsOf(request);
        const fields = isEncrypted(request) ? await openPush(account, sent) : sent;
        const read = readPush(fields, account, clock.now());
        if (read === undefined) return {};
        if ('message' in read) await takeMessage(account, read, inbox);
        else {
          await inbox.signal({
            conversationKey: read.leftConversation,
            channel: 'wechat',
            ticketId: '',
            kind: SignalKind.SIGNAL_KIND_CUSTOMER_LEFT,
            fromAgent: false,
            authorName: '',
            time: new Date(clock.now()),
          });
        }
        return {};
      },
    },
  ];
}

function isEncrypted({ query }: WebhookRequest): boolean {
  return query.get('encrypt_type') === 'aes';
}

async function fieldsOf({ body }: WebhookRequest): Promise<PushFields> {
  const fields = await parsePush(body.toString('utf8'));
  if (fields === undefined) throw new WebhookRefusal(400, 'the body must be XML with the root <xml>');
  return fields;
}

/** The message within. While a change of the key spreads, the one before is tried too. */
async function openPush(
  { encodingAesKey, previousEncodingAesKey, appId }: WechatAccount,
  fields: PushFields,
): Promise<PushFields> {
  for (const key of [encodingAesKey, previousEncodingAesKey]) {
    if (key === undefined) continue;
    try {
      return (await parsePush(decrypt(field(fields, 'Encrypt'), key, appId))) ?? {};
    } catch (error) {
      if (!(error instanceof DecryptionError)) throw error;
    }
  }
  throw new WebhookRefusal(400, 'the message cannot be decrypted with EncodingAESKey, or is meant for another AppID');
}
