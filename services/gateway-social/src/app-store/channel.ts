import { Visibility } from '@tributary/contracts';
import { type Channel, type ChannelDependencies, capabilities, PermanentSendError } from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { openLooks } from '../listening/looks.ts';
import { reviewIdOf, reviewPlace } from '../listening/reviews.ts';
import { type AppStoreAccount, appStoreAccount } from './account.ts';
import { createAppStoreApi } from './api.ts';

export const appStoreKind = channelKind<AppStoreAccount>({
  channel: 'app-store',
  account: appStoreAccount,
  create: createAppStoreChannel,
});

/** Reviews on Apple's App Store, which are asked for, and our public answers to them. */
export function createAppStoreChannel(
  accounts: readonly AppStoreAccount[],
  dependencies: ChannelDependencies,
): Channel {
  const { clock } = dependencies;
  const apps = accounts.map((account) => ({ account, api: createAppStoreApi(account, clock) }));
  return {
    name: 'app-store',
    // A review has one answer: a further part would take the place of the first.
    capabilities: capabilities({ maxTextLength: 5970, replyVisibilities: [Visibility.VISIBILITY_PUBLIC] }),
    // The same answer again is written over itself.
    idempotent: true,
    async send({ id, account, conversationKey, text }) {
      const app = apps.find(({ account: { name } }) => name === account);
      if (app === undefined) throw new PermanentSendError(`there is no App Store account ${account}`);
      const answerId = await app.api.respond(reviewIdOf('app-store', account, conversationKey), text);
      return { providerMessageId: answerId ?? id };
    },
    connect: (inbox) =>
      openLooks(
        'app_store_places',
        apps.map(({ account, api }) => reviewPlace(account, inbox, clock, (cursor) => api.reviews(cursor))),
        dependencies,
      ),
  };
}
