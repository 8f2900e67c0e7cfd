import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { createLogger } from '@tributary/runtime';
import { startWechatSimulator, type WechatSimulator } from '@tributary/testing/simulators/wechat';
import { wechatAccount } from '../src/wechat/account.ts';
import { createWechatChannel } from '../src/wechat/channel.ts';

export const logger = createLogger('test', 'silent');
const settings = {
  appId: 'wx0123456789abcdef',
  appSecret: 'simulated-secret-of-the-account',
  token: 'simulatedToken',
  encodingAesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
};

/** The account of the tests. */
export const account = (apiUrl: string, changes: object = {}) =>
  wechatAccount.parse({ name: 'service', apiUrl, ...settings, ...changes });

export const createChannel: CreateChannel = (apiUrl, ground) => createWechatChannel([account(apiUrl)], ground);

export function startSimulator(options: object = {}): Promise<WechatSimulator> {
  return startWechatSimulator({ ...settings, ...options });
}

/** In safe mode, so a signature covers each message. */
async function startCallingWechat(): Promise<Provider> {
  // How long somebody may be written to is tested elsewhere: here days go by.
  const simulator = await startSimulator({ now: () => 0 });
  const call = (openId: string, content: Readonly<Record<string, string>>, atMs: number) => {
    const { query, body } = simulator.sealed(openId, content, atMs);
    return {
      method: 'POST' as const,
      path: `/channels/wechat/service${query}`,
      headers: { 'content-type': 'text/xml' },
      body,
    };
  };
  return {
    url: simulator.url,
    received: () => simulator.received().map(({ text }) => text),
    tries: () => simulator.calls('message/custom/send'),
    behave: (behaviour) => simulator.behave(behaviour),
    calls: {
      message({ id, conversation, text }, _ourUrl, atMs) {
        simulator.allow(conversation);
        return call(conversation, { MsgType: 'text', Content: text, MsgId: id }, atMs);
      },
      unknown: (_ourUrl, atMs) => call('501', { MsgType: 'event', Event: 'WIND_FROM_THE_WEST' }, atMs),
    },
    [Symbol.asyncDispose]: () => simulator[Symbol.asyncDispose](),
  };
}

export const wechat: ChannelSubject = {
  ...{ module: import.meta.url, createChannel },
  startProvider: startCallingWechat,
};
