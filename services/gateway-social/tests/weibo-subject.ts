import type { ChannelSubject, CreateChannel, Provider } from '@tributary/gateway-kit/contract';
import { startWeiboSimulator } from '@tributary/testing/simulators/weibo';
import { weiboAccount } from '../src/weibo/account.ts';
import { createWeiboChannel } from '../src/weibo/channel.ts';

export const appSecret = 'xyz123xyz';
export const us = { uid: '1902538057', name: 'Tributary客服' };

export function accountAt(url: string, more: object = {}) {
  return weiboAccount.parse({
    name: 'brand',
    uid: us.uid,
    appSecret,
    accessToken: 'token-of-brand',
    operatorIp: '203.0.113.7',
    pollSeconds: 5,
    apiUrl: url,
    messageApiUrl: url,
    fileApiUrl: url,
    pictureHosts: [new URL(url).host],
    ...more,
  });
}

export const createChannel: CreateChannel = (url, ground) =>
  createWeiboChannel([accountAt(url, { pollSeconds: 3600 })], ground);

const without: NonNullable<ChannelSubject['without']> = {
  'signed body': 'Weibo signs the time and a nonce, not the body',
};

async function startProvider(): Promise<Provider> {
  const weibo = await startWeiboSimulator({
    ...{ account: 'brand', us, appSecret, accessToken: 'token-of-brand' },
    // The contract's clock runs hours in a moment.
    allowance: Number.POSITIVE_INFINITY,
  });
  const push = (type: string, id: string, uid: string, text: string, atMs: number) =>
    weibo.push(
      {
        ...{ type, text, data: {} },
        receiver_id: Number(us.uid),
        sender_id: Number(uid),
        created_at: `Mon Jul 16 18:${id.slice(-4, -2)}:${id.slice(-2)} +0800 2026`,
      },
      atMs,
    );
  return {
    url: weibo.url,
    calls: {
      message: ({ id, conversation, text }, _ourUrl, atMs) => push('text', id, conversation, text, atMs),
      unknown: (_ourUrl, atMs) => push('gift', '1000', '501', 'a rose', atMs),
    },
    received: () => weibo.privateAnswers.map(({ text }) => text),
    tries: () => weibo.tries,
    behave: (behaviour) => weibo.behave(behaviour),
    [Symbol.asyncDispose]: () => weibo[Symbol.asyncDispose](),
  };
}

export const weibo: ChannelSubject = { module: import.meta.url, createChannel, startProvider, without };
