import { Automatic, SignalKind } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { encryptPush, sign } from '@tributary/testing/simulators/wechat';
import { expect, onTestFinished, test } from 'vitest';
import { createWechatChannel } from '../src/wechat/channel.ts';
import { account, startSimulator } from './wechat-provider.ts';
import { openWorld } from './world.ts';

const mei = 'oMei_501';
type Mode = 'plain' | 'compatible' | 'safe';

async function open({ mode = 'safe' as Mode, changes = {} as object } = {}) {
  const world = await openWorld();
  const wechat = await startSimulator({ mode, now: () => world.clock.now() });
  onTestFinished(() => wechat[Symbol.asyncDispose]());
  const settings = account(wechat.url, { mode, ...changes });
  const { url, gateway } = await world.run((dependencies) => createWechatChannel([settings], dependencies));
  wechat.pushUrl = `${url}/channels/wechat/service`;
  const post = async (query: string, body: string) => {
    const response = await fetch(`${wechat.pushUrl}${query}`, { method: 'POST', body });
    return { status: response.status, text: await response.text() };
  };
  const write = async (content: Readonly<Record<string, string>>) => {
    const before = world.inbound.length;
    expect(await wechat.push(mei, { MsgId: wechat.nextMessageId(), ...content })).toBe(true);
    return world.arrived(before + 1);
  };
  return { world, wechat, gateway, post, write };
}

test('proves its address by echoing what WeChat sends, and only to WeChat', async () => {
  const { wechat } = await open();
  expect(await wechat.proveUrl()).toBe(true);
  const response = await fetch(`${wechat.pushUrl}?signature=00&timestamp=1&nonce=2&echostr=3`);
  expect(response.status).toBe(401);
});

test.each<Mode>(['plain', 'compatible', 'safe'])(
  'in %s mode a message is taken and answered with nothing',
  async (mode) => {
    const { world, wechat, post } = await open({ mode });
    const { query, body } = wechat.sealed(
      mei,
      { MsgType: 'text', Content: '电池冒烟 <&>', MsgId: '42' },
      world.clock.now(),
    );
    expect(await post(query, body)).toEqual({ status: 200, text: '' });
    expect(await world.arrived(1)).toMatchObject({
      account: 'service',
      providerMessageId: '42',
      conversationKey: `wechat:service:${mei}`,
      sender: { kind: 'wechat', address: mei },
      text: '电池冒烟 <&>',
    });
  },
);

test('in safe mode a message that is not encrypted is refused, also with a right signature', async () => {
  const { world, post } = await open();
  const plain = await startSimulator({ mode: 'plain' });
  onTestFinished(() => plain[Symbol.asyncDispose]());
  const { query, body } = plain.sealed(mei, { MsgType: 'text', Content: 'Hello', MsgId: '1' }, world.clock.now());
  expect((await post(query, body)).status).toBe(401);
  expect(world.inbound).toEqual([]);
});

test('a message rightly signed but encrypted for another AppID is refused', async () => {
  const { world, wechat, post } = await open();
  const seconds = String(Math.floor(world.clock.now() / 1000));
  const encrypted = encryptPush('<xml></xml>', wechat.encodingAesKey, 'wx_another', Buffer.alloc(16));
  const query = `?encrypt_type=aes&timestamp=${seconds}&nonce=1&msg_signature=${sign(wechat.token, seconds, '1', encrypted)}`;
  const answer = await post(query, `<xml><Encrypt><![CDATA[${encrypted}]]></Encrypt></xml>`);
  expect(answer.status).toBe(400);
});

test('while a new EncodingAESKey spreads, messages encrypted with the one before are taken', async () => {
  const previousEncodingAesKey = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG';
  const encodingAesKey = '0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz';
  const { write } = await open({ changes: { encodingAesKey, previousEncodingAesKey } });
  expect(await write({ MsgType: 'text', Content: 'Hello' })).toMatchObject({ text: 'Hello' });
});

test('a document type is refused and an entity stays as written', async () => {
  const { world, wechat, post, write } = await open({ mode: 'plain' });
  const { query } = wechat.sealed(mei, {}, world.clock.now());
  const bomb = '<!DOCTYPE xml [<!ENTITY a "boom">]><xml><FromUserName>x</FromUserName><Content>&a;</Content></xml>';
  expect((await post(query, bomb)).status).toBe(400);
  expect(await write({ MsgType: '<![CDATA[text]]>', Content: '<!-- -->&amp;&a;' })).toMatchObject({ text: '&amp;&a;' });
});

test.each([
  ['image', 'image/png', {}],
  ['voice', 'audio/amr', { Format: 'amr', Recognition: '电池冒烟' }],
  ['video', 'video/mp4', { ThumbMediaId: 'thumb' }],
  ['shortvideo', 'video/mp4', { ThumbMediaId: 'thumb' }],
])('the file of a %s is kept with its message', async (type, mediaType, rest) => {
  const { world, wechat, write } = await open();
  const kind = type === 'shortvideo' ? 'video' : type;
  const MediaId = wechat.keep({ type: kind, mediaType, bytes: Buffer.from(`the ${type}`) });
  const { text, attachments } = await write({ MsgType: type, MediaId, ...rest });
  expect(attachments).toMatchObject([{ blob: { mediaType } }]);
  expect(await world.content(attachments[0]?.blob?.key)).toBe(`the ${type}`);
  expect(text).toBe(type === 'voice' ? '电池冒烟' : '');
});

test.each([
  [
    { MsgType: 'location', Location_X: '23.137466', Location_Y: '113.352425', Scale: '20', Label: '广州市' },
    {
      text: '广州市 (https://www.openstreetmap.org/?mlat=23.137466&mlon=113.352425)',
      attributes: { latitude: '23.137466', longitude: '113.352425' },
    },
  ],
  [
    { MsgType: 'link', Title: 'Manual', Description: 'of the robot', Url: 'https://example.com/m' },
    { text: 'Manual\nof the robot\nhttps://example.com/m' },
  ],
  [
    { MsgType: 'event', Event: 'CLICK', EventKey: 'CALL_ME' },
    { text: 'CALL_ME', attributes: { event: 'CLICK', event_key: 'CALL_ME' }, automatic: Automatic.AUTOMATIC_NONE },
  ],
  [
    {
      MsgType: 'event',
      Event: 'scancode_waitmsg',
      EventKey: 'scan',
      ScanCodeInfo: '<ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[SN-123]]></ScanResult>',
    },
    { text: 'SN-123' },
  ],
])('says what %j says', async (content, expected) => {
  const { write } = await open();
  expect(await write(content as unknown as Record<string, string>)).toMatchObject(expected);
});

test('events that say nothing, and who follows, are passed over; who leaves has left', async () => {
  const { world, wechat, write } = await open();
  for (const event of ['VIEW', 'LOCATION', 'TEMPLATESENDJOBFINISH', 'subscribe', 'SCAN', 'unsubscribe']) {
    expect(await wechat.push(mei, { MsgType: 'event', Event: event, EventKey: 'x' })).toBe(true);
  }
  await write({ MsgType: 'text', Content: 'the first' });
  expect(world.inbound).toHaveLength(1);
  await until('the signal', () => world.signals.length > 0);
  expect(world.signals).toMatchObject([
    { kind: SignalKind.SIGNAL_KIND_CUSTOMER_LEFT, conversationKey: `wechat:service:${mei}` },
  ]);
});

test('following and scanned codes can be recorded, as what a program wrote', async () => {
  const { write } = await open({ changes: { followEvents: 'record' } });
  expect(await write({ MsgType: 'event', Event: 'subscribe', EventKey: 'qrscene_robot-7' })).toMatchObject({
    text: '(subscribe) robot-7',
    automatic: Automatic.AUTOMATIC_GENERATED,
  });
});

test('events of one second are told apart, and a repeated one is the same', async () => {
  const { world, wechat } = await open();
  const click = (key: string) => wechat.push(mei, { MsgType: 'event', Event: 'CLICK', EventKey: key });
  await click('one');
  await click('two');
  await click('one');
  await wechat.push(mei, { MsgType: 'text', Content: 'the last', MsgId: '9' });
  await world.arrived(3);
  expect(world.inbound.map(({ text }) => text)).toEqual(['one', 'two', 'the last']);
});

test('while the log is away WeChat comes three times', async () => {
  const { world, wechat } = await open();
  world.state.logFails = true;
  expect(await wechat.push(mei, { MsgType: 'text', Content: 'Hello', MsgId: '1' })).toBe(false);
  expect(wechat.pushes).toBe(3);
});

test('a file that is not there within the time that WeChat waits follows later, also after a restart', async () => {
  const { world, wechat, gateway } = await open();
  const MediaId = wechat.keep({ type: 'image', mediaType: 'image/png', bytes: Buffer.from('the picture') });
  wechat.behave('down');
  expect(await wechat.push(mei, { MsgType: 'image', MediaId, MsgId: '7' })).toBe(true);
  expect(wechat.pushes).toBe(1);
  expect(world.inbound).toEqual([]);
  await gateway.stop();
  wechat.behave('well');
  await world.run((dependencies) => createWechatChannel([account(wechat.url)], dependencies));
  await world.passing('the message', () => world.inbound.length === 1, 5000);
  expect(await world.content(world.inbound[0]?.attachments[0]?.blob?.key)).toBe('the picture');
});

test('a message whose file WeChat no longer has, or does not give for an hour, comes without it and says why', async () => {
  const { world, wechat, write } = await open();
  const { refusals } = await write({ MsgType: 'image', MediaId: 'forgotten' });
  expect(refusals[0]?.reason).toBe('WeChat does not have it any more');
  const MediaId = wechat.keep({ type: 'voice', mediaType: 'audio/amr', bytes: Buffer.from('x') });
  wechat.behave('down');
  await wechat.push(mei, { MsgType: 'voice', MediaId, MsgId: '8' });
  await world.passing('the message', () => world.inbound.length === 2, 60_000);
  expect(world.inbound[1]?.refusals[0]?.reason).toContain('WeChat does not give it');
});
