import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readPhoneConfig } from './config.ts';

const sid = `AC${'a'.repeat(32)}`;
const number = '+15005550006';
const PUBLIC_URL = 'https://support.example.com/';

test('without accounts nothing is asked for', () => {
  expect(readPhoneConfig({})).toEqual({ accounts: [], publicUrl: '' });
});

test('accounts come as YAML in the variable or in a file, the token in a file of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-phone-config-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [token, file] = [join(folder, 'token'), join(folder, 'accounts.yaml')];
  writeFileSync(token, 'secret\n');
  const yaml = `
- account_sid: ${sid}
  auth_token_file: ${token}
  numbers:
    - number: '${number}'
      channels: [sms, whatsapp]
      messages_per_second: 10
`;
  writeFileSync(file, yaml);
  const inside = readPhoneConfig({ TWILIO_ACCOUNTS: yaml, PUBLIC_URL });
  expect(inside).toMatchObject({
    publicUrl: 'https://support.example.com',
    accounts: [{ accountSid: sid, authToken: 'secret', numbers: [{ number, messagesPerSecond: 10 }] }],
  });
  expect(readPhoneConfig({ TWILIO_ACCOUNTS: file, PUBLIC_URL })).toEqual(inside);
});

test('everything that is wrong is named at once, with its place', () => {
  const accounts = [
    { account_sid: 'AC1', auth_token: 'x', numbers: [{ number: '0151', channels: ['fax'] }] },
    { account_sid: sid, numbers: [] },
  ];
  const read = () => readPhoneConfig({ TWILIO_ACCOUNTS: JSON.stringify(accounts), PUBLIC_URL });
  expect(read).toThrow(/TWILIO_ACCOUNTS\[0\.account_sid\]: must be AC and 32/);
  expect(read).toThrow(/TWILIO_ACCOUNTS\[0\.numbers\.0\.number\]: must be a number as in/);
  expect(read).toThrow(/TWILIO_ACCOUNTS\[0\.numbers\.0\.channels\.0\]: must be one of sms, whatsapp, phone/);
  expect(read).toThrow(/TWILIO_ACCOUNTS\[1\.numbers\]: must hold at least one number/);
});

test('a number has each channel once, and needs an address at which Twilio finds us', () => {
  const account = { account_sid: sid, auth_token: 'x', numbers: [{ number, channels: ['sms'] }] };
  const twice = JSON.stringify([account, account]);
  expect(() => readPhoneConfig({ TWILIO_ACCOUNTS: twice, PUBLIC_URL })).toThrow(/named twice for sms/);
  expect(() => readPhoneConfig({ TWILIO_ACCOUNTS: JSON.stringify([account]) })).toThrow(/PUBLIC_URL: must be given/);
});
