import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { startGooglePlaySimulator } from '@tributary/testing/simulators/google-play';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { startWebhookSimulator } from '@tributary/testing/simulators/webhook';
import { startWechatSimulator } from '@tributary/testing/simulators/wechat';
import { startWeiboSimulator } from '@tributary/testing/simulators/weibo';
import { expect, onTestFinished, test } from 'vitest';
import { cli } from './cli.ts';

/** A server for one test that answers with JSON and keeps what it was sent. */
async function listen(answer: (path: string, body: string) => readonly [status: number, body: unknown]) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await buffer(request)).toString();
    asked.push(body);
    const [status, content] = answer(request.url ?? '', body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port: String(port), asked };
}

async function weibo(gateway = '') {
  const simulator = await startWeiboSimulator({
    ...{ account: 'brand', us: { uid: '1', name: 'Brand' }, appSecret: 's', accessToken: 'token' },
    gateway: () => gateway,
  });
  onTestFinished(() => simulator[Symbol.asyncDispose]());
  return simulator;
}

test('a mention is posted on the Weibo that the running Tributary names, and what is answered is shown', async () => {
  const simulator = await weibo();
  const tributary = await listen(() => [200, { weibo: simulator.url }]);
  const words = ['send', 'weibo', '--text', 'It smokes', '--from', 'Mei', '--wait', '1500ms'];
  const sent = cli(words, {
    environment: { HTTP_PORT: tributary.port },
    print(text) {
      if (!text.startsWith('Sent')) return;
      // As our gateway answers: under the post.
      void simulatedAnswer(simulator.url, 'Unplug\u001b it.');
    },
  });
  const { exitCode, stdout } = await sent;
  expect(exitCode).toBe(0);
  expect(stdout).toBe('Sent from Mei, on the simulated weibo.\npublic: Unplug· it.\n');
});

async function simulatedAnswer(url: string, text: string): Promise<void> {
  const mentions = await fetch(`${url}/2/statuses/mentions.json?access_token=token`);
  const { statuses } = (await mentions.json()) as { statuses: { idstr: string }[] };
  const body = new URLSearchParams({ access_token: 'token', id: statuses[0]?.idstr ?? '', comment: text, rip: '::1' });
  await fetch(`${url}/2/comments/create.json`, { method: 'POST', body });
}

test('a private message on Weibo fails with what our webhook answered', async () => {
  const gateway = await listen(() => [403, {}]);
  const simulator = await weibo(gateway.url);
  const words = ['send', 'weibo', '--as', 'message', '--text', '-', '--simulator', simulator.url];
  const { exitCode, stderr } = await cli(words, { stdin: 'It smokes\n' });
  expect([exitCode, stderr]).toEqual([5, 'Our webhook answered 403.\n']);
  expect(JSON.parse(gateway.asked[0] ?? '')).toMatchObject({ type: 'text', text: 'It smokes' });
});

test('what is written on the joined platform comes signed, and public when it is meant for anyone', async () => {
  const gateway = await listen(() => [200, {}]);
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const platform = await startWebhookSimulator({ secret, account: 'shop', gateway: () => gateway.url });
  onTestFinished(() => platform[Symbol.asyncDispose]());
  const words = ['send', 'webhook', '--public', '--text', 'It smokes', '--simulator', platform.simulatorUrl, '--json'];
  const { exitCode, stdout } = await cli(words);
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { from: 'Mei', answers: [] }]);
  expect(JSON.parse(gateway.asked[0] ?? '')).toMatchObject({
    ...{ type: 'message.created', text: 'It smokes', visibility: 'public', kind: 'post', sender: { id: 'Mei' } },
  });
});

test('where there is a real account, nothing is sent and the reason is told', async () => {
  const tributary = await listen(() => [200, {}]);
  const { exitCode, stderr } = await cli(['send', 'weibo', '--text', 'x'], {
    environment: { HTTP_PORT: tributary.port },
  });
  expect([exitCode, stderr.includes('plays no weibo')]).toEqual([3, true]);
});

async function telegramHere() {
  const telegram = await startTelegramSimulator();
  onTestFinished(() => telegram[Symbol.asyncDispose]());
  return telegram;
}

test('send telegram writes as a customer, with files', async () => {
  const telegram = await telegramHere();
  const folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'smoke.png'), 'a picture');
  const words = ['send', 'telegram', '--simulator', telegram.url, '--text', '-', '--attach', join(folder, 'smoke.png')];
  const { exitCode, stdout } = await cli(words, { stdin: 'My battery smokes\n' });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('simulated telegram');
  expect(telegram.unconfirmed).toMatchObject([{ message: { from: { id: 501 }, caption: 'My battery smokes' } }]);
});

test('send telegram --press presses a button, and --wait prints what arrives', async () => {
  const telegram = await telegramHere();
  telegram.write({ id: 501, first_name: 'Mei' }, { text: 'before' });
  const answer = () =>
    fetch(`${telegram.url}/bot${telegram.token}/sendMessage?chat_id=501&text=Unplug%20it`, { method: 'GET' });
  const words = ['send', 'telegram', '--simulator', telegram.url, '--press', 'yes', '--wait', '1s'];
  const { exitCode, stdout } = await cli(words, { print: (text) => void (text.startsWith('Sent') && answer()) });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('Unplug it\n');
  expect(telegram.unconfirmed).toMatchObject([{ message: { text: 'before' } }, { callback_query: { data: 'yes' } }]);
});

test('send wechat says when the gateway does not take the message', async () => {
  const server = createServer((_request, response) => response.writeHead(503).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const pushUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const wechat = await startWechatSimulator({ pushUrl });
  onTestFinished(async () => {
    server.close();
    await wechat[Symbol.asyncDispose]();
  });
  const { exitCode, stderr } = await cli(['send', 'wechat', '--simulator', wechat.url, '--text', 'Hello']);
  expect(exitCode).toBe(5);
  expect(stderr).toContain('the message was not taken');
  expect(wechat.pushes).toBe(3);
});

test('send telegram asks for something to send', async () => {
  const { exitCode, stderr } = await cli(['send', 'telegram']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('--text, --attach and --press');
});

test('a review is written in the store that is named, and what is answered under it is shown', async () => {
  const store = await startGooglePlaySimulator();
  onTestFinished(() => store[Symbol.asyncDispose]());
  const words = ['send', 'review', '--on', 'google-play', '--stars', '2', '--text', 'It crashes', '--from', 'Mei'];
  const { exitCode, stdout } = await cli(words, { environment: { GOOGLE_PLAY_SIMULATOR: store.url } });
  expect([exitCode, stdout]).toEqual([0, 'Sent from Mei, on the simulated google-play.\n']);
  const answers = await fetch(`${store.url}/simulator/answers?customer=Mei`);
  expect([answers.status, await answers.json()]).toEqual([200, []]);
  const refused = await cli(['send', 'review', '--stars', '6', '--text', 'x']);
  expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('from 1 to 5')]);
});

test('a mention is published in the feed of the simulated blog', async () => {
  const publisher = await startFeedsSimulator();
  onTestFinished(() => publisher[Symbol.asyncDispose]());
  const words = ['send', 'mention', '--text', 'Tributary <3', '--simulator', publisher.url];
  expect((await cli(words)).exitCode).toBe(0);
  expect(await (await fetch(publisher.feeds.atom)).text()).toContain('Tributary &lt;3');
});
