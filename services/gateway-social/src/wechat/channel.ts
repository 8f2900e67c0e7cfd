import { type Channel, type ChannelDependencies, capabilities, PermanentSendError } from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { openSendSteps } from '../send-steps.ts';
import { type WechatAccount, wechatAccount } from './account.ts';
import { openWechatApi } from './api.ts';
import { openMediaIntake } from './media-intake.ts';
import { peerOf } from './read-push.ts';
import { createWechatSender, maxTextLength, mediaRules } from './send.ts';
import { wechatWebhooks } from './webhooks.ts';

export const wechatKind = channelKind<WechatAccount>({
  channel: 'wechat',
  account: wechatAccount,
  create: createWechatChannel,
});

/** WeChat Official Accounts (developers.weixin.qq.com/doc/service/guide/). */
export async function createWechatChannel(
  accounts: readonly WechatAccount[],
  dependencies: ChannelDependencies,
): Promise<Channel> {
  const runSteps = await openSendSteps(dependencies.docStore, 'wechat');
  const byName = new Map(
    await Promise.all(
      accounts.map(async (account) => {
        const api = await openWechatApi(account, dependencies);
        const send = createWechatSender({ api, blobStore: dependencies.blobStore, runSteps });
        return [account.name, { account, apiUrl: account.apiUrl, api, send }] as const;
      }),
    ),
  );
  const media = await openMediaIntake(byName, dependencies);
  return {
    name: 'wechat',
    capabilities: capabilities({
      maxTextLength,
      splitsText: true,
      media: mediaRules,
      // Besides, five messages for each of the customer's: WeChat says so when it is too many (45047).
      replyWindowSeconds: 48n * 3600n,
      typing: true,
    }),
    async send(message) {
      const known = byName.get(message.account);
      if (known === undefined) throw new PermanentSendError(`there is no WeChat account ${message.account} any more`);
      return { providerMessageId: await known.send(message) };
    },
    /** WeChat shows it for 15 s, and only within 30 s of a message. */
    async typing(conversationKey) {
      const peer = peerOf(conversationKey);
      if (peer === undefined) return;
      await byName.get(peer.account)?.api.post('message/custom/typing', { touser: peer.openId, command: 'Typing' });
    },
    webhooks: wechatWebhooks(
      (name) => byName.get(name)?.account,
      dependencies.clock,
      async (account, read, inbox) => {
        if (read.media === undefined) await inbox.accept(read.message);
        else await media.take(inbox, account.name, read.message, read.media);
      },
    ),
    connect: (inbox) => media.connect(inbox),
  };
}
