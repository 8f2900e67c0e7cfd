import type { Service } from '@tributary/runtime';
import {
  simulateAppStore,
  simulateFeeds,
  simulateGooglePlay,
  simulatePlatform,
  simulateTelegram,
  simulateWechat,
  simulateWeibo,
} from './simulated-social.ts';
import { simulateTwilio } from './simulated-twilio.ts';

/** A provider that is played, with an account of ours. */
export interface SimulatedProvider {
  readonly name: string;
  /** Where whoever plays the customer acts. */
  readonly url: string;
  /** Our account there, as the gateway's configuration names it. */
  readonly account: object;
  readonly simulator: AsyncDisposable;
}

/** Providers of this machine alone, for the channels that otherwise need an account somewhere. */
export interface Simulators extends Service {
  /** What the services must be told to talk to them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where each is, by its provider's name. */
  readonly urls: Readonly<Record<string, string>>;
}

/**
 * Starts simulators for each gateway of which the environment names no accounts.
 * @param gateways Where they will be, without a slash at the end.
 */
export async function startSimulators(
  environment: Readonly<Record<string, string | undefined>>,
  gateways: { readonly phone: string; readonly social: string },
): Promise<Simulators> {
  const played: Record<string, SimulatedProvider[]> = {};
  if (!environment['TWILIO_ACCOUNTS']) played['TWILIO_ACCOUNTS'] = [await simulateTwilio(gateways.phone)];
  if (!environment['SOCIAL_ACCOUNTS']) {
    const platforms = [
      ...[simulatePlatform, simulateTelegram, simulateWechat, simulateWeibo],
      ...[simulateAppStore, simulateGooglePlay, simulateFeeds],
    ];
    played['SOCIAL_ACCOUNTS'] = await Promise.all(platforms.map((simulate) => simulate(gateways.social)));
  }
  const providers = Object.values(played).flat();
  const urls = Object.fromEntries(providers.map(({ name, url }) => [name, url]));
  return {
    environment: {
      ...Object.fromEntries(
        Object.entries(played).map(([name, list]) => [name, JSON.stringify(list.map(({ account }) => account))]),
      ),
      SIMULATORS: JSON.stringify(urls),
    },
    urls,
    start: async () => {},
    stop: async () => {
      for (const { simulator } of providers) await simulator[Symbol.asyncDispose]();
    },
    problems: () => [],
  };
}
