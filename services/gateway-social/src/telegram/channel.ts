import { Visibility } from '@tributary/contracts';
import {
  type Channel,
  type ChannelDependencies,
  capabilities,
  type Inbox,
  PermanentSendError,
  type WebhookRequest,
} from '@tributary/gateway-kit';
import { composeServices } from '@tributary/runtime';
import { channelKind } from '../channel-kind.ts';
import { openSendSteps } from '../send-steps.ts';
import { type TelegramAccount, telegramAccount } from './account.ts';
import { createTelegramBot } from './bot.ts';
import { placeOf } from './place.ts';
import { maxFileBytes, maxTextLength } from './send.ts';
import { botWebhook } from './webhook.ts';

export const telegramKind = channelKind<TelegramAccount>({
  channel: 'telegram',
  account: telegramAccount,
  create: createTelegramChannel,
});

/** Telegram bots (core.telegram.org/bots/api): private chats, and groups where the bot is addressed. */
export async function createTelegramChannel(
  accounts: readonly TelegramAccount[],
  dependencies: ChannelDependencies,
): Promise<Channel> {
  const runSteps = await openSendSteps(dependencies.docStore, 'telegram');
  const bots = new Map(
    await Promise.all(
      accounts.map(async (account) => {
        return [account.name, await createTelegramBot(account, { ...dependencies, runSteps })] as const;
      }),
    ),
  );
  return {
    name: 'telegram',
    capabilities: capabilities({
      maxTextLength,
      splitsText: true,
      media: [{ mediaType: '*/*', maxBytes: BigInt(maxFileBytes) }],
      // A private answer to a member of a group goes to their own chat.
      replyVisibilities: [Visibility.VISIBILITY_PRIVATE, Visibility.VISIBILITY_PUBLIC],
      typing: true,
    }),
    // "About 30 messages per second" over all chats (core.telegram.org/bots/faq).
    rate: { perMinute: 30 * 60, burst: 30 },
    concurrencyPerAccount: 30,
    async send(message) {
      const bot = bots.get(message.account);
      if (bot === undefined) throw new PermanentSendError(`there is no Telegram bot ${message.account} any more`);
      return { providerMessageId: await bot.send(message) };
    },
    async typing(conversationKey) {
      const place = placeOf(conversationKey);
      if (place !== undefined)
        await bots.get(place.account)?.api.sendChatAction({ chat_id: place.chatId, action: 'typing' });
    },
    webhooks: [botWebhook((request: WebhookRequest) => bots.get(request.parameters['account'] ?? ''))],
    connect: (inbox: Inbox) => composeServices([...bots.values()].map((bot) => bot.connect(inbox))),
  };
}
