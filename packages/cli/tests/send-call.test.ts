import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startTwilioSimulator, type TwilioSimulator } from '@tributary/testing/simulators/twilio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cli } from './cli.ts';

const accountSid = `AC${'1'.repeat(32)}`;
const number = '+15005550006';
let hotline: Server;
let requests: { readonly path: string; readonly form: URLSearchParams }[];
let twilio: TwilioSimulator;
let environment: Record<string, string>;

/** A hotline of two answers: a menu, and a recording. */
const answers: Readonly<Record<string, string>> = {
  '/call': '<Gather action="URL/menu" numDigits="1"><Say>Press 1</Say></Gather>',
  '/menu': '<Say>Speak now</Say><Record action="URL/done" recordingStatusCallback="URL/recorded"/>',
  '/done': '<Say>Goodbye</Say><Hangup/>',
};

beforeEach(async () => {
  requests = [];
  hotline = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const path = request.url ?? '';
    requests.push({ path, form: new URLSearchParams(body) });
    const url = `http://${request.headers.host}`;
    response.end(`<Response>${(answers[path] ?? '').replaceAll('URL', url)}</Response>`);
  });
  await new Promise<void>((resolve) => hotline.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(hotline.address() as AddressInfo).port}`;
  twilio = await startTwilioSimulator({
    accounts: [{ accountSid, authToken: 'token' }],
    numbers: [{ accountSid, number, voiceUrl: `${url}/call` }],
  });
  environment = { TWILIO_SIMULATOR: twilio.url };
});
afterEach(async () => {
  await twilio[Symbol.asyncDispose]();
  await new Promise((resolve) => hotline.close(resolve));
});

test('a call presses keys, speaks where it is recorded, prints what is heard and hangs up', async () => {
  const words = ['send', 'call', '--keys', '1', '--text', 'It smokes', '--from', '+4915112345678'];
  const { exitCode, stdout } = await cli(words, { environment });
  expect([exitCode, stdout.split('\n')]).toEqual([
    0,
    [
      `Calling ${number} from +4915112345678 (simulated).`,
      'You hear: Press 1',
      'You press 1.',
      'You hear: Speak now',
      'You say: It smokes',
      'The call is completed.',
      '',
    ],
  ]);
  expect(requests.map(({ path }) => path)).toEqual(['/call', '/menu', '/recorded', '/done']);
  expect(requests[2]?.form.get('RecordingStatus')).toBe('completed');
});

test('--json prints the call as it is at its end', async () => {
  const { stdout } = await cli(['send', 'call', '--json'], { environment });
  expect(JSON.parse(stdout)).toMatchObject({ status: 'completed', to: number, heard: ['Press 1'] });
});

test('a number that is none of ours is refused with the reason', async () => {
  const { exitCode, stderr } = await cli(['send', 'call', '--to', '+15005550099'], { environment });
  expect(exitCode).toBe(5);
  expect(stderr).toContain('+15005550099 is not a number of an account here');
});
