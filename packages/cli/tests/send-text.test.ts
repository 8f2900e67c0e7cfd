import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTwilioSimulator, type TwilioSimulator } from '@tributary/testing/simulators/twilio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli } from './cli.ts';

const accountSid = `AC${'1'.repeat(32)}`;
const number = '+15005550006';
let webhook: Server;
let status: number;
let calls: URLSearchParams[];
/** Done before our webhook answers. */
let meanwhile: () => Promise<unknown>;
let twilio: TwilioSimulator;
let environment: Record<string, string>;

beforeEach(async () => {
  [status, calls, meanwhile] = [200, [], async () => {}];
  webhook = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    calls.push(new URLSearchParams(body));
    await meanwhile();
    response.writeHead(status).end('as told');
  });
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  twilio = await startTwilioSimulator({
    accounts: [{ accountSid, authToken: 'token' }],
    numbers: [{ accountSid, number, smsUrl: url, whatsappUrl: url }],
  });
  environment = { TWILIO_SIMULATOR: twilio.url };
});
afterEach(async () => {
  await twilio[Symbol.asyncDispose]();
  await new Promise((resolve) => webhook.close(resolve));
});

test('a text message with a picture reaches our webhook as Twilio brings it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-cli-'));
  const file = join(folder, 'smoke.png');
  await writeFile(file, 'a picture');
  const words = ['send', 'sms', '--text', '-', '--from', '+4915112345678', '--attach', file];
  const { exitCode, stdout } = await cli(words, { environment, stdin: 'It smokes\n' });
  await rm(folder, { recursive: true });
  expect([exitCode, stdout]).toEqual([0, `Sent from +4915112345678 to ${number}, on the simulated Twilio.\n`]);
  expect(Object.fromEntries(calls[0] ?? [])).toMatchObject({
    ...{ From: '+4915112345678', To: number, Body: 'It smokes', NumMedia: '1', MediaContentType0: 'image/png' },
  });
});

test('--wait shows what arrives on the telephone by the same medium meanwhile', async () => {
  const authorization = `Basic ${Buffer.from(`${accountSid}:token`).toString('base64')}`;
  const answer = (prefix: string, Body: string) =>
    fetch(`${twilio.url}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams({ From: prefix + number, To: `${prefix}+12025550143`, Body }),
    });
  await answer('whatsapp:', 'an old one');
  meanwhile = () => Promise.all([answer('whatsapp:', 'Unplug\u001b it.'), answer('', 'by text message')]);
  const { stdout } = await cli(['send', 'whatsapp', '--text', 'Hello', '--wait', '1s'], { environment });
  expect(stdout).toBe(`Sent from +12025550143 to ${number}, on the simulated Twilio.\n${number}: Unplug· it.\n`);
});

test('what our webhook refuses is told', async () => {
  status = 403;
  const { exitCode, stderr } = await cli(['send', 'sms', '--text', 'x'], { environment });
  expect(exitCode).toBe(5);
  expect(stderr).toContain('Our webhook answered 403: as told');
});

test('without a simulator the command says where it looked', async () => {
  const gone = await cli(['send', 'sms', '--text', 'x', '--simulator', 'http://127.0.0.1:9']);
  expect([gone.exitCode, gone.stderr.includes('127.0.0.1:9')]).toEqual([4, true]);
});
