import { encodeEvent, Signal, SignalKind, topics } from '@tributary/contracts';
import { until } from '@tributary/testing';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openWechatApi } from '../src/wechat/api.ts';
import { createWechatChannel } from '../src/wechat/channel.ts';
import { maxTextLength } from '../src/wechat/send.ts';
import { openGround } from './open-gateway.ts';
import { account, startSimulator } from './wechat-provider.ts';

const mei = 'oMei_501';

async function open(changes: object = {}) {
  const ground = await openGround();
  const wechat = await startSimulator({ now: () => ground.clock.now() });
  onTestFinished(() => wechat[Symbol.asyncDispose]());
  const settings = account(wechat.url, changes);
  const { url, gateway } = await ground.run((dependencies) => createWechatChannel([settings], dependencies));
  wechat.pushUrl = `${url}/channels/wechat/service`;
  await wechat.push(mei, { MsgType: 'text', Content: 'Hello', MsgId: wechat.nextMessageId() });
  const message = await ground.arrived(1);
  const delivered = (count = 1) => ground.passing('the outcome', () => ground.deliveries.length >= count);
  return { ground, wechat, gateway, settings, message, delivered };
}

test('text, pictures, voice and video reach the customer', async () => {
  const { ground, wechat, message, delivered } = await open();
  const files = ['image/jpeg', 'audio/amr', 'video/mp4'];
  const attachments = await Promise.all(files.map((type) => ground.attachment(Buffer.from(type), type, 'file')));
  await ground.answer(message, { text: '请断开电源', attachments });
  await delivered();
  expect(wechat.received(mei).map(({ msgtype, text, file }) => [msgtype, text || file?.bytes.toString()])).toEqual([
    ['text', '请断开电源'],
    ['image', 'image/jpeg'],
    ['voice', 'audio/amr'],
    ['video', 'video/mp4'],
  ]);
  expect(ground.deliveries).toMatchObject([{ status: 1 }]);
});

test('the longest text that goes out in one message always fits into the bytes that WeChat takes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      expect(Buffer.byteLength(text.slice(0, maxTextLength))).toBeLessThanOrEqual(2047);
    }),
  );
});

test('a long text goes out in parts', async () => {
  const { ground, wechat, message, delivered } = await open();
  const text = '请先断开电源，然后取出电池。'.repeat(100);
  await ground.answer(message, { text });
  await delivered();
  const parts = wechat.received(mei).map((sent) => sent.text);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.join('')).toBe(text);
});

test('two replicas and many calls at once ask WeChat for one token', async () => {
  const { ground, wechat, settings } = await open();
  const apis = await Promise.all([1, 2].map(() => openWechatApi(settings, ground.dependencies)));
  const calls = Array.from({ length: 20 }, (_, index) =>
    apis[index % 2]?.post('message/custom/typing', { touser: mei, command: 'Typing' }),
  );
  let settled = false;
  const all = Promise.all(calls).finally(() => {
    settled = true;
  });
  await ground.passing('the calls', () => settled);
  await all;
  expect(wechat.calls('stable_token')).toBe(1);
  expect(wechat.typing).toHaveLength(20);
});

test('a token that WeChat no longer takes is replaced once, and the message arrives once', async () => {
  const { ground, wechat, message, delivered } = await open();
  await ground.answer(message, { text: 'one' });
  await delivered();
  wechat.dropToken();
  await ground.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.received(mei).map(({ text }) => text)).toEqual(['one', 'two']);
  expect(wechat.tokensIssued).toBe(2);
});

test('when WeChat refuses a token and gives the same again, a new one is forced', async () => {
  const { ground, wechat, message, delivered } = await open();
  await ground.answer(message, { text: 'one' });
  await delivered();
  wechat.failNext(40001, 'invalid credential');
  await ground.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.received(mei).map(({ text }) => text)).toEqual(['one', 'two']);
  expect(wechat.tokensIssued).toBe(2);
  expect(wechat.calls('stable_token')).toBe(3);
});

test('a token is renewed before it ends', async () => {
  const { ground, wechat, message, delivered } = await open();
  await ground.answer(message, { text: 'one' });
  await delivered();
  await ground.clock.advance(7200_000 - 200_000);
  await ground.answer(message, { text: 'two' });
  await delivered(2);
  expect(wechat.tokensIssued).toBe(2);
  expect(wechat.calls('message/custom/send')).toBe(2);
});

test('who has not written for 48 hours cannot be written to, and the agent is told why', async () => {
  const { ground, message, delivered } = await open();
  await ground.clock.advance(49 * 3600_000);
  await ground.answer(message, { text: 'Are you there?' });
  await delivered();
  expect(ground.deliveries).toMatchObject([
    { status: 4, providerCode: '45015', reason: expect.stringContaining('48 hours') },
  ]);
});

test('the sixth answer to one message is refused, and the agent is told why', async () => {
  const { ground, message, delivered } = await open();
  for (let count = 1; count <= 6; count++) {
    await ground.answer(message, { text: `answer ${count}` });
    await delivered(count);
  }
  expect(ground.deliveries.map(({ status }) => status)).toEqual([1, 1, 1, 1, 1, 4]);
  expect(ground.deliveries[5]).toMatchObject({ providerCode: '45047' });
});

test.each([
  [40003, 'invalid openid'],
  [43004, 'require subscribe'],
  [45002, 'content size out of limit'],
  [40007, 'invalid media_id'],
])('error %i (%s) is permanent', async (code, words) => {
  const { ground, wechat, message, delivered } = await open();
  wechat.failNext(code, words);
  await ground.answer(message, { text: 'Hello' });
  await delivered();
  expect(ground.deliveries).toMatchObject([{ status: 4, providerCode: String(code) }]);
  expect(wechat.received(mei)).toEqual([]);
});

test.each([
  [-1, 'system error', 0],
  [45011, 'api minute-quota reach limit', 60_000],
  [45009, 'reach max api daily quota limit', 15 * 60_000],
])('error %i (%s) delays the answer', async (code, words, leastMs) => {
  const { ground, wechat, message } = await open();
  wechat.failNext(code, words);
  const startMs = ground.clock.now();
  await ground.answer(message, { text: 'Hello' });
  await ground.passing('the outcome', () => ground.deliveries.length > 0, 10_000);
  expect(ground.deliveries).toMatchObject([{ status: 1 }]);
  expect(ground.clock.now() - startMs).toBeGreaterThanOrEqual(leastMs);
});

test.each([
  [48001, 'api unauthorized', 'must be verified'],
  [40164, 'invalid ip, not in whitelist', 'allow-list'],
])('error %i (%s) makes the account unavailable until it is mended', async (code, words, problem) => {
  const { ground, wechat, gateway, message } = await open();
  wechat.failNext(code, words);
  await ground.answer(message, { text: 'Hello' });
  await until('the problem', () => gateway.problems().some((each) => each.includes(problem)));
  await ground.passing('the outcome', () => ground.deliveries.length > 0);
  expect(ground.deliveries).toMatchObject([{ status: 1 }]);
});

test('a wrong AppSecret makes the account unavailable', async () => {
  const { ground, gateway, message } = await open({ appSecret: 'another' });
  await ground.answer(message, { text: 'Hello' });
  await until('the problem', () => gateway.problems().some((each) => each.includes('AppSecret')));
  expect(ground.deliveries).toEqual([]);
});

test('an agent who types is shown as typing', async () => {
  const { ground, wechat, message } = await open();
  const signal = Signal.fromPartial({
    conversationKey: message.conversationKey,
    channel: 'wechat',
    kind: SignalKind.SIGNAL_KIND_TYPING_STARTED,
    fromAgent: true,
    time: new Date(ground.clock.now()),
  });
  await ground.append([encodeEvent(topics.signals, signal, 'test')]);
  await until('it', () => wechat.typing.length === 1);
  expect(wechat.typing).toEqual([{ openId: mei, command: 'Typing' }]);
});
