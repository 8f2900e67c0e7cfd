import { type Channel, type ChannelDependencies, capabilities, PermanentSendError } from '@tributary/gateway-kit';
import { channelKind } from '../channel-kind.ts';
import { openLooks } from '../listening/looks.ts';
import { createCaller } from '../public-address.ts';
import { type FeedsAccount, feedsAccount } from './account.ts';
import { feedPlace } from './mentions.ts';

export const feedsKind = channelKind<FeedsAccount>({
  channel: 'feeds',
  account: feedsAccount,
  create: createFeedsChannel,
});

/** Mentions of us in RSS, Atom and JSON feeds. It is listened to only. */
export function createFeedsChannel(accounts: readonly FeedsAccount[], dependencies: ChannelDependencies): Channel {
  const callers = {
    open: createCaller({ allowPrivate: true }),
    guarded: createCaller({ allowPrivate: false }),
  };
  return {
    name: 'feeds',
    capabilities: capabilities({ listensOnly: true }),
    async send() {
      throw new PermanentSendError('a mention in a feed has nobody to answer it to: write on its page');
    },
    async connect(inbox) {
      const places = accounts.flatMap((account) =>
        [...new Set(account.feeds)].map((url) => {
          const caller = account.allowPrivateAddress ? callers.open : callers.guarded;
          return feedPlace(account, url, inbox, caller, dependencies);
        }),
      );
      const looks = await openLooks('feed_places', places, dependencies);
      return {
        ...looks,
        async stop() {
          await looks.stop();
          for (const caller of Object.values(callers)) caller.close();
        },
      };
    },
  };
}
