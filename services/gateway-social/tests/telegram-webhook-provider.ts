import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { createTelegramChannel } from '../src/telegram/channel.ts';
import { person, provider, secretToken, token, webhookBot } from './telegram-provider.ts';

export const createChannel: CreateChannel = (apiUrl, ground) => createTelegramChannel([webhookBot(apiUrl)], ground);

const secretOnly = 'Telegram sends the secret token of the webhook with each call and signs nothing';
const without: NonNullable<ChannelSubject['without']> = { 'signed body': secretOnly, 'signed time': secretOnly };

async function startCallingTelegram(): Promise<Provider> {
  const simulator = await startTelegramSimulator({ token });
  const call = (update: object) => ({
    method: 'POST' as const,
    path: '/channels/telegram/support',
    headers: { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': secretToken },
    body: JSON.stringify(update),
  });
  return {
    ...provider(simulator),
    calls: {
      message({ id, conversation, text }, _ourUrl, atMs) {
        const from = person(Number(conversation));
        // The bot has to know whom it may write to.
        const { chat } = simulator.write(from, { text });
        const message = { message_id: Number(id), date: Math.floor(atMs / 1000), chat, from, text };
        return call({ update_id: Number(id), message });
      },
      unknown: () => call({ update_id: 77, message_reaction: { chat: { id: 1, type: 'private' }, new_reaction: [] } }),
    },
  };
}

export const callingTelegram: ChannelSubject = {
  ...{ module: import.meta.url, createChannel, without },
  startProvider: startCallingTelegram,
};
