import { Visibility } from '@tributary/contracts';
import {
  type Channel,
  type ChannelDependencies,
  capabilities,
  PermanentSendError,
  WebhookRefusal,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { type WeiboAccount, weiboAccount } from './account.ts';
import { openFeeds } from './feeds.ts';
import { privateMessage, verifyPush } from './private-messages.ts';
import { maxCommentLength, maxPrivateLength, sendToWeibo } from './send.ts';

export const weiboChannel = channelKind<WeiboAccount>({
  channel: 'weibo',
  account: weiboAccount,
  create: createWeiboChannel,
});

/** Sina Weibo: mentions and comments, which are asked for, and private messages, which are pushed. */
export function createWeiboChannel(accounts: readonly WeiboAccount[], dependencies: ChannelDependencies): Channel {
  const { blobStore, clock } = dependencies;
  const byName = new Map(accounts.map((account) => [account.name, account]));

  function accountOf({ parameters }: WebhookRequest): WeiboAccount {
    const account = byName.get(parameters['account'] ?? '');
    if (account === undefined) throw new WebhookRefusal(404, 'there is no such account');
    return account;
  }
  const verify = (request: WebhookRequest) => verifyPush(accountOf(request), request, clock.now());

  return {
    name: 'weibo',
    capabilities: capabilities({
      maxTextLength: maxPrivateLength,
      maxPublicTextLength: maxCommentLength,
      splitsText: true,
      replyVisibilities: [Visibility.VISIBILITY_PRIVATE, Visibility.VISIBILITY_PUBLIC],
      replyWindowSeconds: 48n * 3600n,
    }),
    async send(message) {
      const account = byName.get(message.account);
      if (account === undefined) throw new PermanentSendError(`there is no Weibo account ${message.account}`);
      return sendToWeibo(account, message);
    },
    webhooks: [
      {
        // How the address is confirmed when it is entered in the console.
        method: 'GET',
        path: '/:account',
        verify,
        receive: async ({ query }) => ({ body: query.get('echostr') ?? '' }),
      },
      {
        method: 'POST',
        path: '/:account',
        verify,
        async receive(request, inbox) {
          const message = await privateMessage(accountOf(request), request, { blobStore, nowMs: clock.now() });
          if (message !== undefined) await inbox.accept(message);
          // An empty answer within 5 s says: taken, and no passive reply. The reply comes by messages/reply.
          return {};
        },
      },
    ],
    connect: (inbox) => openFeeds(accounts, inbox, dependencies),
  };
}
