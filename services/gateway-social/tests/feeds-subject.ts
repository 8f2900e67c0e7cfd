import type { CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { feedsAccount } from '../src/feeds/account.ts';
import { createFeedsChannel } from '../src/feeds/channel.ts';

export function accountOf(feeds: readonly string[], more: object = {}) {
  const mentions = [{ words: ['battery', 'parcel', 'worse'], become: 'ticket' }];
  return feedsAccount.parse({ name: 'press', feeds, mentions, pollSeconds: 5, allowPrivateAddress: true, ...more });
}

export const createChannel: CreateChannel = (url, ground) => createFeedsChannel([accountOf([url])], ground);

export async function startProvider(): Promise<Provider> {
  const publisher = await startFeedsSimulator();
  return {
    url: publisher.feeds.rss,
    write({ id, conversation, text }) {
      publisher.publish({ id, author: conversation, html: `<p>${text}</p>` });
    },
    received: () => [],
    tries: () => 0,
    behave: () => {},
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}
