import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { feedsAccount } from '../src/feeds/account.ts';
import { createFeedsChannel } from '../src/feeds/channel.ts';

export function accountOf(feeds: readonly string[], more: object = {}) {
  const mentions = [{ words: ['battery', 'parcel', 'worse'], become: 'ticket' }];
  return feedsAccount.parse({ name: 'press', feeds, mentions, pollSeconds: 5, allowPrivateAddress: true, ...more });
}

export const createChannel: CreateChannel = (url, ground) => createFeedsChannel([accountOf([url])], ground);

async function startProvider(): Promise<Provider> {
  const publisher = await startFeedsSimulator();
  return {
    url: publisher.feeds.rss,
    write({ id, conversation, text }) {
      publisher.publish({ id, author: conversation, html: `<p>${text}</p>` });
      return true;
    },
    received: () => [],
    tries: () => 0,
    behave: () => {},
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}

const asked = 'feeds are fetched and do not call';
export const feeds: ChannelSubject = {
  module: import.meta.url,
  createChannel,
  startProvider,
  without: {
    'one conversation': 'nobody is answered: each post stands for itself',
    repeats: `${asked}; a post that is seen again, also elsewhere, is one (feeds.test.ts)`,
    signature: asked,
    'signed body': asked,
    'signed time': asked,
    'broken-off message': `${asked}; what is not a whole document is fetched again`,
    'size limit': `${asked}; what a document may hold is limited where it is fetched`,
    'unknown kinds': asked,
    'storm of refusals': 'nobody is answered',
  },
};
