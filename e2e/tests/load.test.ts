import { expect, test } from 'vitest';
import { readLoadArguments } from '../src/load/arguments.ts';
import { loadReportText } from '../src/load/report.ts';
import { runLoad } from '../src/load/run-load.ts';

const read = (...args: string[]) => readLoadArguments(args, {});

test('a load over all channels is acknowledged, worked off and reported with percentiles', {
  timeout: 120_000,
}, async ({ signal }) => {
  const progress: string[] = [];
  const report = await runLoad(read('--rate', '10', '--seconds', '4'), {
    say: () => {},
    progress: (line) => progress.push(line),
    signal,
  });
  expect(report.channels.map(({ channel }) => channel)).toEqual(['email', 'chat', 'phone', 'social']);
  expect(report.channels.reduce((sum, { sent }) => sum + sent, 0)).toBe(40);
  for (const { sent, acknowledged, errors, latencyMs } of report.channels) {
    expect({ acknowledged, errors }).toEqual({ acknowledged: sent, errors: {} });
    expect(latencyMs['p99']).toBeLessThanOrEqual(latencyMs['max'] as number);
  }
  expect(report.lag?.workedOffAfterSeconds).toBeDefined();
  expect(progress[0]).toMatch(
    /^\d+ s {2}sent \d+ {2}acknowledged \d+ {2}errors 0 {2}unanswered \d+ {2}p50 .* lag \d+$/,
  );
  expect(loadReportText(report)).toContain('10 messages/s asked for');
});

test('an overload is twice of what senders who wait got through', { timeout: 120_000 }, async ({ signal }) => {
  const args = ['--overload', '--seconds', '2', '--mix', 'social=1'];
  const report = await runLoad(read(...args), { say: () => {}, progress: () => {}, signal });
  expect(report.capacity?.handledPerSecond).toBeGreaterThan(1);
  expect(report.rate).toBe(2 * (report.capacity?.handledPerSecond as number));
  expect(report.use?.processes[0]?.maxMemoryMiB).toBeGreaterThan(0);
  expect(loadReportText(report)).toMatch(/^goodput at twice the capacity: \d+\S*\/s of \d+\S*\/s, a ratio of \d/m);
});

test.each([
  [[], '--rate is missing: messages per second, 0.1 to 100000'],
  [['--rate', 'fast'], '--rate must be a number from 0.1 to 100000, not fast'],
  [['--rate', '1', '--seconds', '0'], '--seconds must be a number from 1 to 86400, not 0'],
  [['--rate', '1', '--mix', 'fax=1'], '--mix: fax is none of email, chat, phone, social'],
  [['--rate', '1', '--mix', 'email'], '--mix: email= must be a number from 0, as in email=40,chat=60'],
  [['--rate', '1', '--mix', 'email=0'], '--mix must give at least one channel a share above 0'],
  [['--rate', '1', '--smtp', 'there:25'], '--mix has chat, so --chat is needed beside the other addresses'],
  [['--rate', '1', '--mix', 'email=1', '--smtp', 'there'], '--smtp must be HOST:PORT, not there'],
  [
    ['--rate', '1', '--mix', 'chat=1', '--chat', 'http://there'],
    '--chat must be an address that begins with ws:// or wss://, not http://there',
  ],
  [
    ['--rate', '1', '--mix', 'phone=1', '--phone', 'http://there'],
    'TWILIO_ACCOUNTS must hold an account with account_sid, auth_token and a number for sms',
  ],
  [['--rate', '1', '--overload'], '--rate and --overload exclude each other'],
  [['--overload', '--mix', 'email=1', '--smtp', 'there:25'], '--overload needs --kafka beside the other addresses'],
  [['--rate', '1', '--mode', 'both'], '--mode must be embedded or scale, not both'],
  [['--rate', '1', '--speed', '2'], "Unknown option '--speed'"],
] as const)('bad arguments %j are refused by name', (args, message) => {
  expect(() => read(...args)).toThrow(message);
});

test('a deployment is named by its addresses, its accounts by the variables of its gateways', () => {
  const social = [{ channel: 'webhook', name: 'shop', verifyWith: ['whsec_abc'] }];
  const settings = readLoadArguments(
    ['--rate', '5', '--mix', 'email=1,social=3', '--smtp', 'mail.example:25', '--social', 'https://in.example/'],
    { SOCIAL_ACCOUNTS: JSON.stringify(social) },
  );
  expect(settings).toMatchObject({
    mix: new Map([
      ['email', 0.25],
      ['social', 0.75],
    ]),
    deployment: {
      smtp: { host: 'mail.example', port: 25, to: 'support@tributary.local' },
      social: { url: 'https://in.example', account: 'shop', secret: 'whsec_abc' },
    },
  });
});
