import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { webhookAccount } from '../src/webhook/account.ts';
import { createWebhookChannel } from '../src/webhook/channel.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export const createChannel: CreateChannel = (url, ground) =>
  createWebhookChannel(
    [
      webhookAccount.parse({
        name: 'shop',
        verifyWith: [secret],
        signWith: [secret],
        url,
        allowPrivateAddress: true,
      }),
    ],
    ground,
  );

/** The simulated platform as the contract suite drives it. */
async function startProvider(): Promise<Provider> {
  const platform = await startWebhookSimulator({ secret, account: 'shop' });
  return {
    url: platform.url,
    calls: {
      message: ({ id, conversation, text }, _ourUrl, atMs) =>
        platform.request(
          { type: 'message.created', id, conversation, sender: { id: conversation, name: 'Mei' }, text },
          `msg-${id}`,
          atMs,
        ),
      unknown: (_ourUrl, atMs) => platform.request({ type: 'weather.changed', wind: 'west' }, 'msg-weather', atMs),
    },
    received: () => platform.replies.map(({ text }) => text),
    tries: () => platform.tries,
    behave: (behaviour) => platform.behave(behaviour),
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

export const webhook: ChannelSubject = { module: import.meta.url, createChannel, startProvider };
