import type { ChannelSubject, CreateChannel, CustomerMessage, Provider } from '@tributary/gateway-kit/contract';
import { createLogger } from '@tributary/runtime';
import {
  startTelegramSimulator,
  type TelegramSimulator,
  type TelegramUser,
} from '@tributary/testing/simulators/telegram';
import { telegramAccount } from '../src/telegram/account.ts';
import { createTelegramChannel } from '../src/telegram/channel.ts';

export const token = '7000000001:simulated-token-of-the-bot';
export const secretToken = 'a-secret-between-Telegram-and-us';
export const logger = createLogger('test', 'silent');

/** The bot of the tests. */
export const pollingBot = (apiUrl: string) =>
  telegramAccount.parse({ name: 'support', token, apiUrl, mode: 'polling' });
export const webhookBot = (apiUrl: string) =>
  telegramAccount.parse({ name: 'support', token, apiUrl, mode: 'webhook', secretToken });

export const createChannel: CreateChannel = (apiUrl, ground) => createTelegramChannel([pollingBot(apiUrl)], ground);

export const person = (id: number): TelegramUser => ({
  id,
  first_name: 'Mei',
  last_name: 'Lin',
  username: `mei${id}`,
  language_code: 'zh-hans',
});

/** What polling and webhook have in common. */
export function provider(simulator: TelegramSimulator): Provider {
  return {
    url: simulator.url,
    received: () => simulator.received().map(({ text }) => text),
    tries: () => simulator.calls(/^send/),
    behave: (behaviour) => simulator.behave(behaviour),
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

const asked = 'Telegram is asked here and does not call';
const withoutCalls: NonNullable<ChannelSubject['without']> = {
  repeats: `${asked}; an update that was not confirmed is given again (telegram-in.test.ts)`,
  signature: asked,
  'signed body': asked,
  'signed time': asked,
  'broken-off message': `${asked}; what is not a whole answer is asked for again`,
  'size limit': `${asked}; files have a limit of their own (telegram-in.test.ts)`,
  'unknown kinds': `${asked}; updates are asked for by kind`,
};

async function startPolledTelegram(): Promise<Provider> {
  const simulator = await startTelegramSimulator({ token });
  return {
    ...provider(simulator),
    write({ conversation, text }: CustomerMessage) {
      simulator.write(person(Number(conversation)), { text });
      return true;
    },
  };
}

export const askedTelegram: ChannelSubject = {
  ...{ module: import.meta.url, createChannel },
  startProvider: startPolledTelegram,
  without: withoutCalls,
};
