import { expect, test } from 'vitest';
import { readEmailConfig } from './config.ts';

test('with nothing set there is one account, a listener, and a folder instead of a mail server', () => {
  expect(readEmailConfig({})).toMatchObject({
    accounts: [{ address: 'support@tributary.local', name: 'Support', aliases: [] }],
    smtpListener: { host: '127.0.0.1', port: 2525 },
    out: { kind: 'folder', folder: '.data/outbox' },
    trustedRelays: [],
    tokenKey: undefined,
  });
});

test('accounts come as YAML or JSON, addresses in lower case', () => {
  const EMAIL_ACCOUNTS = `
- address: Help@Example.com
  aliases: [info@example.com]
  imap: { host: imap.example.com, user: help, password: secret }
  smtp: { host: smtp.example.com }`;
  expect(readEmailConfig({ EMAIL_ACCOUNTS }).accounts).toEqual([
    {
      address: 'help@example.com',
      name: 'Support',
      aliases: ['info@example.com'],
      region: '',
      imap: { host: 'imap.example.com', port: 993, secure: true, user: 'help', password: 'secret', mailbox: 'INBOX' },
      smtp: { host: 'smtp.example.com', port: 587, secure: false },
    },
  ]);
});

test('a mail server for all comes as one URL', () => {
  expect(readEmailConfig({ EMAIL_OUT: 'smtps://me%40x:p%2Fw@mail.example.com' }).out).toEqual({
    kind: 'smtp',
    host: 'mail.example.com',
    port: 465,
    secure: true,
    user: 'me@x',
    password: 'p/w',
  });
});

test.each([
  [{ EMAIL_OUT: 'mail.example.com' }, 'EMAIL_OUT: must be file:<folder>'],
  [{ EMAIL_TRUSTED_RELAYS: '10.0.0.0/8,mx' }, 'EMAIL_TRUSTED_RELAYS: must be IP addresses or networks'],
  [{ EMAIL_IDLE_SECONDS: '1800' }, 'EMAIL_IDLE_SECONDS: must be below 1740'],
  [{ EMAIL_TOKEN_KEY: 'short' }, 'EMAIL_TOKEN_KEY: must have at least 16 characters'],
  [{ EMAIL_ACCOUNTS: '[{"address":"nobody"}]' }, 'EMAIL_ACCOUNTS[0.address]: must be a mail address'],
  [{ EMAIL_ACCOUNTS: '[{"address":"a@b.c"},{"address":"A@b.c"}]' }, 'must not name one address twice'],
  [{ EMAIL_ACCOUNTS: '[]' }, 'must hold at least one account'],
  [{ EMAIL_ACCOUNTS: '/no/such/file' }, 'EMAIL_ACCOUNTS: ENOENT'],
])('%o is refused with its name and the rule', (environment: Record<string, string>, words) => {
  expect(() => readEmailConfig(environment)).toThrow(words);
});
