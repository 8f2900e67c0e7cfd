import type { Arrival } from '../history.ts';
import type { GatewayAddresses } from '../system.ts';
import type { PlayedAccount, PlayedChannel, ProviderMessage } from './provider.ts';
import { playAppStore, playFeed, playGooglePlay, playPlatform, playTelegram, playWechat, playWeibo } from './social.ts';
import { playTwilio, type Telephones } from './twilio.ts';

export { notFetched, type ProviderMessage } from './provider.ts';
export type { Telephones } from './twilio.ts';

/** The channels of the simulated providers on which customers write. */
export const providerChannels = [
  ...(['webhook', 'sms', 'whatsapp', 'telegram', 'wechat', 'weibo'] as const),
  ...(['app-store', 'google-play', 'feeds'] as const),
] as const;
export type ProviderChannel = (typeof providerChannels)[number];

/** Simulated providers in a process that is not killed: they remember what they accepted. */
export interface Providers extends AsyncDisposable {
  /** What Tributary must be told to talk to them. */
  readonly environment: Readonly<Record<string, string>>;
  /** A customer writes. @param customer A number; the same one is the same person, and one conversation. */
  write(channel: ProviderChannel, customer: number, text: string): ProviderMessage;
  readonly telephones: Telephones;
  /** What reached customers so far, oldest first within each channel. */
  arrivals(): Arrival[];
}

/** @param gateways Where they are, once they are known. */
export async function startProviders(gateways: () => GatewayAddresses): Promise<Providers> {
  const social = () => gateways().socialUrl;
  const twilio = await playTwilio(() => gateways().phoneUrl);
  const accounts = {
    webhook: await playPlatform(social),
    telegram: await playTelegram(),
    wechat: await playWechat(social),
    weibo: await playWeibo(social),
    'app-store': await playAppStore(),
    'google-play': await playGooglePlay(),
    feeds: await playFeed(),
  } satisfies Readonly<Record<string, PlayedAccount>>;
  const channels: Readonly<Record<ProviderChannel, PlayedChannel>> = { ...accounts, ...twilio };
  return {
    environment: {
      TWILIO_ACCOUNTS: JSON.stringify([twilio.account]),
      SOCIAL_ACCOUNTS: JSON.stringify(Object.values(accounts).map(({ account }) => account)),
    },
    write: (channel, customer, text) => channels[channel].write(customer, text),
    telephones: twilio.telephones,
    arrivals: () => [
      ...providerChannels.flatMap((channel) => channels[channel].arrivals().map((text) => ({ channel, text }))),
      ...twilio.textsToCallers().map((text) => ({ channel: 'phone', text })),
    ],
    async [Symbol.asyncDispose]() {
      for (const simulator of [twilio, ...Object.values(accounts)]) await simulator[Symbol.asyncDispose]();
    },
  };
}
