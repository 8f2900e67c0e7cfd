import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { startWechatSimulator } from '@tributary/testing/simulators/wechat';
import { expect, onTestFinished, test } from 'vitest';
import { cli } from './cli.ts';

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
