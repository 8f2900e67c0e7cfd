import { findSignaturePython, isUnavailable, type RunPython } from '@tributary/testing/servers';
import { beforeAll, expect, test } from 'vitest';
import { signedHeaders, signingKey, verifyingKey, verifySignature } from '../src/webhook/standard-webhooks.ts';
import { createWechatChannel } from '../src/wechat/channel.ts';
import { account, startSimulator } from './wechat-provider.ts';
import { openWorld } from './world.ts';

let python: RunPython;
beforeAll(async () => {
  const found = await findSignaturePython((line) => process.stderr.write(`${line}\n`));
  if (isUnavailable(found)) throw new Error(found.unavailable);
  python = found;
}, 120_000);

const { token, encodingAesKey, appId } = account('http://127.0.0.1');
const push =
  '<xml><ToUserName>gh_1</ToUserName><FromUserName>open-1</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType><Content><![CDATA[电池冒烟 🔥]]></Content><MsgId>4711</MsgId></xml>';

test('what wechatpy encrypts and signs is taken, and its text is read', async () => {
  await using simulator = await startSimulator();
  const world = await openWorld();
  const { url } = await world.run((dependencies) => createWechatChannel([account(simulator.url)], dependencies));
  const timestamp = String(Math.floor(world.clock.now() / 1000));
  const nonce = 'nonce-1';
  const { body, signature } = (await python(
    `from wechatpy.crypto import WeChatCrypto
import xml.etree.ElementTree as tree
crypto = WeChatCrypto(given["token"], given["encodingAesKey"], given["appId"])
body = crypto.encrypt_message(given["push"], given["nonce"], given["timestamp"])
result = {"body": body, "signature": tree.fromstring(body).find("MsgSignature").text}`,
    { token, encodingAesKey, appId, push, nonce, timestamp },
  )) as { body: string; signature: string };
  const query = (msgSignature: string) =>
    new URLSearchParams({ timestamp, nonce, encrypt_type: 'aes', msg_signature: msgSignature });
  const post = (msgSignature: string) =>
    fetch(`${url}/channels/wechat/service?${query(msgSignature)}`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml' },
      body,
    });
  expect((await post(signature.replace(/^./, (first) => (first === '0' ? '1' : '0')))).status).toBe(401);
  expect((await post(signature)).status).toBe(200);
  expect(await world.arrived(1)).toMatchObject({ text: '电池冒烟 🔥', providerMessageId: '4711' });
});

test('what the simulated WeChat encrypts and signs wechatpy opens', async () => {
  await using simulator = await startSimulator();
  const { query, body } = simulator.sealed(
    'open-1',
    { MsgType: 'text', Content: '电池冒烟 🔥', MsgId: '1' },
    Date.now(),
  );
  const given = { token, encodingAesKey, appId, body, ...Object.fromEntries(new URLSearchParams(query)) };
  const opened = await python(
    `from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import check_signature
check_signature(given["token"], given["signature"], given["timestamp"], given["nonce"])
crypto = WeChatCrypto(given["token"], given["encodingAesKey"], given["appId"])
result = crypto.decrypt_message(given["body"], given["msg_signature"], given["timestamp"], given["nonce"])`,
    given,
  );
  expect(opened).toContain('电池冒烟 🔥');
});

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('Standard Webhooks for Python signs what we take, and takes what we sign', async () => {
  const body = JSON.stringify({ type: 'message.created', text: '电池冒烟 🔥' });
  const seconds = Math.floor(Date.now() / 1000);
  const ours = signedHeaders('msg-1', seconds * 1000, Buffer.from(body), [signingKey.parse(secret)]);
  const theirs = (await python(
    `from standardwebhooks.webhooks import Webhook
import datetime
webhook = Webhook(given["secret"])
webhook.verify(given["body"], given["headers"])
result = webhook.sign("msg-1", datetime.datetime.fromtimestamp(given["seconds"], datetime.timezone.utc), given["body"])`,
    { secret, body, headers: ours, seconds },
  )) as string;
  expect(theirs).toBe(ours['webhook-signature']);
  const headers = { ...ours, 'webhook-signature': theirs };
  expect(verifySignature(headers, Buffer.from(body), [verifyingKey.parse(secret)], seconds * 1000)).toBe('msg-1');
});
