import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { type AppStoreSimulator, startAppStoreSimulator } from '@tributary/testing/simulators/app-store';
import { appStoreAccount } from '../src/app-store/account.ts';
import { createAppStoreChannel } from '../src/app-store/channel.ts';
import { accountIn, storeProvider, withoutCalls } from './store-provider.ts';

export function accountAt({ url, appId, issuerId, keyId, privateKey }: AppStoreSimulator, more: object = {}) {
  const values = { name: 'scooter', appId, issuerId, keyId, privateKey, apiUrl: url, pollSeconds: 5, ...more };
  return appStoreAccount.parse(values);
}

export const createChannel: CreateChannel = (url, ground) =>
  createAppStoreChannel([appStoreAccount.parse(accountIn(url))], ground);

async function startProvider(): Promise<Provider> {
  const store = await startAppStoreSimulator();
  return storeProvider(store, accountAt(store));
}

export const appStore: ChannelSubject = {
  module: import.meta.url,
  createChannel,
  startProvider,
  without: withoutCalls,
};
