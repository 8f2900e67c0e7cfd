import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { type GooglePlaySimulator, startGooglePlaySimulator } from '@tributary/testing/simulators/google-play';
import { googlePlayAccount } from '../src/google-play/account.ts';
import { createGooglePlayChannel } from '../src/google-play/channel.ts';
import { accountIn, storeProvider, withoutCalls } from './store-provider.ts';

export function accountAt({ url, packageName, serviceAccount }: GooglePlaySimulator, more: object = {}) {
  const values = { name: 'scooter', packageName, serviceAccount, apiUrl: url, pollSeconds: 5, ...more };
  return googlePlayAccount.parse(values);
}

export const createChannel: CreateChannel = (url, ground) =>
  createGooglePlayChannel([googlePlayAccount.parse(accountIn(url))], ground);

async function startProvider(): Promise<Provider> {
  const store = await startGooglePlaySimulator();
  return storeProvider(store, accountAt(store));
}

export const googlePlay: ChannelSubject = {
  module: import.meta.url,
  createChannel,
  startProvider,
  without: withoutCalls,
};
