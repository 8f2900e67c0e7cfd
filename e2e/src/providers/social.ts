import { randomBytes } from 'node:crypto';
import { startAppStoreSimulator } from '@tributary/testing/simulators/app-store';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { startGooglePlaySimulator } from '@tributary/testing/simulators/google-play';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { startWechatSimulator } from '@tributary/testing/simulators/wechat';
import { startWeiboSimulator } from '@tributary/testing/simulators/weibo';
import { notFetched, type PlayedAccount, post } from './provider.ts';

/** Address of gateway-social, once it is known. */
type Gateway = () => string;

/** What stands at a provider that is asked stays there until we have it. */
const isKept = async () => undefined;
const pollSeconds = 5;

/** Ours is the idempotency key of the platform: it shows a repeat once. */
export async function playPlatform(gateway: Gateway): Promise<PlayedAccount> {
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const platform = await startWebhookSimulator({ secret, account: 'platform' });
  let messages = 0;
  return {
    account: {
      ...{ channel: 'webhook', name: 'platform', verifyWith: [secret], signWith: [secret] },
      ...{ url: platform.url, allowPrivateAddress: true },
    },
    write(customer, text) {
      const id = `m-${++messages}`;
      const sender = { id: `customer-${customer}`, name: 'Mei' };
      const document = { type: 'message.created', id, conversation: `c-${customer}`, sender, text };
      return {
        providerId: id,
        give() {
          const { path, headers, body } = platform.request(document, `msg-${id}`, Date.now());
          return post(gateway() + path, headers, body);
        },
      };
    },
    arrivals: () => platform.replies.map(({ text }) => text),
    [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
  };
}

export async function playTelegram(): Promise<PlayedAccount> {
  const telegram = await startTelegramSimulator();
  return {
    account: { channel: 'telegram', name: 'bot', mode: 'polling', token: telegram.token, apiUrl: telegram.url },
    write(customer, text) {
      const { chat, message_id } = telegram.write({ id: customer, first_name: 'Mei' }, { text });
      const isOurs = ({ message }: { readonly [kind: string]: unknown }) =>
        (message as { message_id?: number; chat?: { id: number } } | undefined)?.message_id === message_id &&
        (message as { chat?: { id: number } }).chat?.id === chat.id;
      // Telegram keeps it until it is confirmed.
      return {
        providerId: `${chat.id}/${message_id}`,
        give: async () => (telegram.unconfirmed.some(isOurs) ? notFetched : undefined),
      };
    },
    arrivals: () => telegram.received().map(({ text }) => text),
    [Symbol.asyncDispose]: () => telegram[Symbol.asyncDispose](),
  };
}

export async function playWechat(gateway: Gateway): Promise<PlayedAccount> {
  const wechat = await startWechatSimulator();
  const { url: apiUrl, appId, appSecret, token, encodingAesKey } = wechat;
  return {
    account: { channel: 'wechat', name: 'official', appId, appSecret, token, encodingAesKey, apiUrl },
    write(customer, text) {
      const openId = `oFollower${customer}`;
      const providerId = wechat.nextMessageId();
      wechat.allow(openId);
      return {
        providerId,
        give() {
          const content = { MsgType: 'text', Content: text, MsgId: providerId };
          const { query, body } = wechat.sealed(openId, content, Date.now());
          return post(`${gateway()}/channels/wechat/official${query}`, { 'content-type': 'text/xml' }, body);
        },
      };
    },
    arrivals: () => wechat.received().map(({ text }) => text),
    [Symbol.asyncDispose]: () => wechat[Symbol.asyncDispose](),
  };
}

/** Every other customer mentions us in a post, which we ask for; the others write privately, which is pushed. */
export async function playWeibo(gateway: Gateway): Promise<PlayedAccount> {
  const us = { uid: '1902538057', name: 'Tributary' };
  const weibo = await startWeiboSimulator({
    ...{ account: 'brand', us, appSecret: 'secret', accessToken: 'token', allowance: 1_000_000, gateway },
  });
  return {
    account: {
      ...{ channel: 'weibo', name: 'brand', uid: us.uid, appSecret: 'secret', accessToken: 'token', pollSeconds },
      ...{ operatorIp: '127.0.0.1', apiUrl: weibo.url, messageApiUrl: weibo.url, fileApiUrl: weibo.url },
    },
    write(customer, text) {
      const from = { uid: String(2_000_000_000 + customer), name: `mei-${customer}` };
      if (customer % 2 === 0) {
        return { providerId: weibo.post(from, `@${us.name} ${text}`).text, isLast: true, give: isKept };
      }
      const line = weibo.line({ from, text });
      return {
        providerId: text,
        give() {
          const { path, headers, body } = weibo.push(line, Date.now());
          return post(gateway() + path, headers, body);
        },
      };
    },
    arrivals: () => [
      // An invitation begins with whom it is for.
      ...weibo.comments.map(({ text }) => text.replace(/^@mei-\d+ /, '')),
      ...weibo.privateAnswers.map(({ text }) => text),
    ],
    [Symbol.asyncDispose]: () => weibo[Symbol.asyncDispose](),
  };
}

export async function playAppStore(): Promise<PlayedAccount> {
  const store = await startAppStoreSimulator();
  const { url: apiUrl, appId, issuerId, keyId, privateKey } = store;
  return {
    account: { channel: 'app-store', name: 'app', appId, issuerId, keyId, privateKey, apiUrl, pollSeconds },
    ...reviewsOf(store),
  };
}

export async function playGooglePlay(): Promise<PlayedAccount> {
  const store = await startGooglePlaySimulator();
  const { url: apiUrl, packageName, serviceAccount } = store;
  return {
    account: { channel: 'google-play', name: 'app', packageName, serviceAccount, apiUrl, pollSeconds },
    ...reviewsOf(store),
  };
}

type Store = Awaited<ReturnType<typeof startAppStoreSimulator | typeof startGooglePlaySimulator>>;

/** A person has one review of an app. */
function reviewsOf(store: Store): Omit<PlayedAccount, 'account'> {
  return {
    write(customer, text) {
      store.write({ author: `Mei ${customer}`, stars: 1 + (customer % 5), text });
      return { providerId: text, isLast: true, give: isKept };
    },
    arrivals: () => store.answers,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** A blog that speaks of us in every post. */
export async function playFeed(): Promise<PlayedAccount> {
  // What a feed no longer shows is lost to everybody; here it shows all.
  const blog = await startFeedsSimulator({ shown: 10_000 });
  const mentions = [{ words: ['message'], become: 'ticket' }];
  return {
    account: {
      ...{ channel: 'feeds', name: 'blog', feeds: [blog.feeds.rss], mentions, pollSeconds },
      allowPrivateAddress: true,
    },
    write(customer, text) {
      blog.publish({ author: `Mei ${customer}`, title: 'Our day', html: `<p>${text}</p>` });
      return { providerId: text, isLast: true, give: isKept };
    },
    arrivals: () => [],
    [Symbol.asyncDispose]: () => blog[Symbol.asyncDispose](),
  };
}
