import { Visibility } from '@tributary/contracts';
import { type Channel, type ChannelDependencies, capabilities, PermanentSendError } from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { openLooks } from '../listening/looks.ts';
import { reviewIdOf, reviewPlace } from '../listening/reviews.ts';
import { type GooglePlayAccount, googlePlayAccount } from './account.ts';
import { createGooglePlayApi } from './api.ts';

export const googlePlayKind = channelKind<GooglePlayAccount>({
  channel: 'google-play',
  account: googlePlayAccount,
  create: createGooglePlayChannel,
});

/** Reviews on Google Play, which are asked for, and our public answers to them. */
export function createGooglePlayChannel(
  accounts: readonly GooglePlayAccount[],
  dependencies: ChannelDependencies,
): Channel {
  const { clock } = dependencies;
  const apps = accounts.map((account) => ({ account, api: createGooglePlayApi(account, clock) }));
  return {
    name: 'google-play',
    // A review has one answer: a further part would take the place of the first.
    capabilities: capabilities({ maxTextLength: 350, replyVisibilities: [Visibility.VISIBILITY_PUBLIC] }),
    // The same answer again is written over itself.
    idempotent: true,
    async send({ id, account, conversationKey, text }) {
      const app = apps.find(({ account: { name } }) => name === account);
      if (app === undefined) throw new PermanentSendError(`there is no Google Play account ${account}`);
      await app.api.reply(reviewIdOf('google-play', account, conversationKey), text);
      // Google's answer names no id.
      return { providerMessageId: id };
    },
    connect: (inbox) =>
      openLooks(
        'google_play_places',
        apps.map(({ account, api }) => reviewPlace(account, inbox, clock, (cursor) => api.reviews(cursor))),
        dependencies,
      ),
  };
}
