import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { describe } from 'vitest';
import * as polling from './telegram-provider.ts';
import * as webhook from './telegram-webhook-provider.ts';

describe('Telegram, asked by us', () => {
  promiseOfChannel({
    module: new URL('./telegram-provider.ts', import.meta.url).href,
    createChannel: polling.createChannel,
    startProvider: polling.startPolledTelegram,
    without: polling.withoutCalls,
  });
});

describe('Telegram, calling us', () => {
  promiseOfChannel({
    module: new URL('./telegram-webhook-provider.ts', import.meta.url).href,
    createChannel: webhook.createChannel,
    startProvider: webhook.startCallingTelegram,
    without: webhook.without,
  });
});
