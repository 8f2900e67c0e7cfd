import { encodeEvent, Signal, SignalKind, topics } from '@tributary/contracts';
import { until } from '@tributary/testing';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openWechatApi } from '../src/wechat/api.ts';
import { createWechatChannel } from '../src/wechat/channel.ts';
import { maxTextLength } from '../src/wechat/send.ts';
import { account, startSimulator } from './wechat-provider.ts';
import { openWorld } from './world.ts';

const mei = 'oMei_501';

async function open(changes: object = {}) {
  const world = await openWorld();
  const wechat = await startSimulator({ now: () => world.clock.now() });
  onTestFinished(() => wechat[Symbol.asyncDispose]());
  const settings = account(wechat.url, changes);
  const { url, gateway } = await world.run((dependencies) => createWechatChannel([settings], dependencies));
  wechat.pushUrl = `${url}/channels/wechat/service`;
  await wechat.push(mei, { MsgType: 'text', Content: 'Hello', MsgId: wechat.nextMessageId() });
  const message = await world.arrived(1);
  const delivered = (count = 1) => world.passing('the outcome', () => world.deliveries.length >= count);
  return { world, wechat, gateway, settings, message, delivered };
}

test('text, pictures, voice and video reach the customer', async () => {
  const { world, wechat, message, delivered } = await open();
  const files = ['image/jpeg', 'audio/amr', 'video/mp4'];
  const attachments = await Promise.all(files.map((type) => world.attachment(Buffer.from(type), type, 'file')));
  await world.answer(message, { text: '请断开电源', attachments });
  await delivered();
  expect(wechat.received(mei).map(({ msgtype, text, file }) => [msgtype, text || file?.bytes.toString()])).toEqual([
    ['text', '请断开电源'],
    ['image', 'image/jpeg'],
    ['voice', 'audio/amr'],
    ['video', 'video/mp4'],
  ]);
  expect(world.deliveries).toMatchObject([{ status: 1 }]);
});

test('the longest text that goes out in one message always fits into the bytes that WeChat takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      expect(Buffer.byteLength(text.slice(0, maxTextLength))).toBeLessThanOrEqual(2047);
    }),
  );
});

test('a long text goes out in parts', async () => {
  const { world, wechat, message, delivered } = await open();
  const text = '请先断开电源，然后取出电池。'.repeat(100);
  await world.answer(message, { text });
  await delivered();
  const parts = wechat.received(mei).map((sent) => sent.text);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.join('')).toBe(text);
});

test('two replicas and many calls at once ask WeChat for one token', async () => {
  const { world, wechat, settings } = await open();
  const apis = await Promise.all([1, 2].map(() => openWechatApi(settings, world.dependencies)));
  const calls = Array.from({ length: 20 }, (_, index) =>
    apis[index % 2]?.post('message/custom/typing', { touser: mei, command: 'Typing' }),
  );
  let settled = false;
  const all = Promise.all(calls).finally(() => {
    settled = true;
  });
  await world.passing('the calls', () => settled);
  await all;
  expect(wechat.calls('stable_token')).toBe(1);
  expect(wechat.typing).toHaveLength(20);
});

test('a token that WeChat no longer takes is replaced once, and the message arrives once', async () => {
  const { world, wechat, message, delivered } = await open();
  await world.answer(message, { text: 'one' });
  await delivered();
  wechat.dropToken();
  await world.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.received(mei).map(({ text }) => text)).toEqual(['one', 'two']);
  expect(wechat.tokensIssued).toBe(2);
});

test('when WeChat refuses a token and gives the same again, a new one is forced', async () => {
  const { world, wechat, message, delivered } = await open();
  await world.answer(message, { text: 'one' });
  await delivered();
  wechat.failNext(40001, 'invalid credential');
  await world.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.received(mei).map(({ text }) => text)).toEqual(['one', 'two']);
  expect(wechat.tokensIssued).toBe(2);
  expect(wechat.calls('stable_token')).toBe(3);
});

test('a token is renewed before it ends', async () => {
  const { world, wechat, message, delivered } = await open();
  await world.answer(message, { text: 'one' });
  await delivered();
  await world.clock.advance(7200_000 - 200_000);
  await world.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.tokensIssued).toBe(2);
  expect(wechat.calls('message/custom/send')).toBe(2);
});

test('who has not written for 48 hours cannot be written to, and the agent is told why', async () => {
  const { world, message, delivered } = await open();
  await world.clock.advance(49 * 3600_000);
  await world.answer(message, { text: 'Are you there?' });
  await delivered();
  expect(world.deliveries).toMatchObject([
    { status: 4, providerCode: '45015', reason: expect.stringContaining('48 hours') },
  ]);
});

test('the sixth answer to one message is refused, and the agent is told why', async () => {
  const { world, message, delivered } = await open();
  for (let count = 1; count <= 6; count++) {
    await world.answer(message, { text: `answer ${count}` });
    await delivered(count);
  }
  expect(world.deliveries.map(({ status }) => status)).toEqual([1, 1, 1, 1, 1, 4]);
  expect(world.deliveries[5]).toMatchObject({ providerCode: '45047' });
});

test.each([
  [40003, 'invalid openid'],
  [43004, 'require subscribe'],
  [45002, 'content size out of limit'],
  [40007, 'invalid media_id'],
])('error %i (%s) is permanent', async (code, words) => {
  const { world, wechat, message, delivered } = await open();
  wechat.failNext(code, words);
  await world.answer(message, { text: 'Hello' });
  await delivered();
  expect(world.deliveries).toMatchObject([{ status: 4, providerCode: String(code) }]);
  expect(wechat.received(mei)).toEqual([]);
});

test.each([
  [-1, 'system error', 0],
  [45011, 'api minute-quota reach limit', 60_000],
  [45009, 'reach max api daily quota limit', 15 * 60_000],
])('error %i (%s) delays the answer', async (code, words, leastMs) => {
  const { world, wechat, message } = await open();
  wechat.failNext(code, words);
  const startMs = world.clock.now();
  await world.answer(message, { text: 'Hello' });
  await world.passing('the outcome', () => world.deliveries.length > 0, 10_000);
  expect(world.deliveries).toMatchObject([{ status: 1 }]);
  expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(leastMs);
});

test.each([
  [48001, 'api unauthorized', 'must be verified'],
  [40164, 'invalid ip, not in whitelist', 'allow-list'],
])('error %i (%s) makes the account unavailable until it is mended', async (code, words, problem) => {
  const { world, wechat, gateway, message } = await open();
  wechat.failNext(code, words);
  await world.answer(message, { text: 'Hello' });
  await until('the problem', () => gateway.providerProblems().some((each) => each.includes(problem)));
  await world.passing('the outcome', () => world.deliveries.length > 0);
  expect(world.deliveries).toMatchObject([{ status: 1 }]);
});

test('a wrong AppSecret makes the account unavailable', async () => {
  const { world, gateway, message } = await open({ appSecret: 'another' });
  await world.answer(message, { text: 'Hello' });
  await until('the problem', () => gateway.providerProblems().some((each) => each.includes('AppSecret')));
  expect(world.deliveries).toEqual([]);
});

test('an agent who types is shown as typing', async () => {
  const { world, wechat, message } = await open();
  const signal = Signal.fromPartial({
    conversationKey: message.conversationKey,
    channel: 'wechat',
    kind: SignalKind.SIGNAL_KIND_TYPING_STARTED,
    fromAgent: true,
    time: new Date(world.clock.now()),
  });
  await world.eventLog.append([encodeEvent(topics.signals, signal, 'test')]);
  await until('it', () => wechat.typing.length === 1);
  expect(wechat.typing).toEqual([{ openId: mei, command: 'Typing' }]);
});
