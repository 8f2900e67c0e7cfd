import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import type { EventLog } from '@tributary/eventlog';
import { until } from '@tributary/testing';
import { isUnavailable, type RunningDovecot, startDovecot } from '@tributary/testing/servers';
import { ImapFlow } from 'imapflow';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptedKeyword } from '../src/entrypoints/imap-mailbox.ts';
import type { EmailConfig } from '../src/service.ts';
import { type GatewayUnderTest, type Options, startGateway } from './gateway-under-test.ts';
import { fixture } from './mail-reader.ts';

let dovecot: RunningDovecot;
let unavailable: string | undefined;
const users = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay', 'gus'];

beforeAll(async () => {
  const server = await startDovecot({
    users: Object.fromEntries(users.map((user) => [user, 'secret'])),
    report: () => {},
  });
  if (isUnavailable(server)) unavailable = server.unavailable;
  else dovecot = server;
});
afterAll(async () => {
  await dovecot?.stop();
});

/** Runs with Dovecot, or says why not. */
function withDovecot(name: string, run: () => Promise<void>, timeout = 60_000): void {
  test(name, { timeout }, async (context) => {
    if (unavailable !== undefined) context.skip(unavailable);
    await run();
  });
}

/** A gateway that reads the mailboxes of these users. */
function reading(mailboxes: readonly string[], options: Options = {}): Promise<GatewayUnderTest> {
  const accounts = mailboxes.map((user) => ({
    address: `${user}@tributary.local`,
    name: user,
    aliases: [],
    region: '',
    imap: { host: '127.0.0.1', port: dovecot.imapPort, secure: false, user, password: 'secret', mailbox: 'INBOX' },
  }));
  const config = (read: EmailConfig): EmailConfig => ({ ...read, accounts, smtpListener: undefined });
  return startGateway({ ...options, config });
}

const mail = (subject: string, id = `${subject}@example.com`) =>
  `From: customer@example.com\r\nTo: support@tributary.local\r\nSubject: ${subject}\r\nMessage-ID: <${id}>\r\n\r\nWords of ${subject}.\r\n`;

/** Looks at a mailbox as a mail program would. */
async function flags(user: string): Promise<string[][]> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.imapPort,
    secure: false,
    auth: { user, pass: 'secret' },
    logger: false,
  });
  await client.connect();
  await client.mailboxOpen('INBOX', { readOnly: true });
  const found =
    (client.mailbox === false ? 0 : client.mailbox.exists) > 0 ? await client.fetchAll('1:*', { flags: true }) : [];
  await client.logout();
  return found.map((each) => [...(each.flags ?? [])]);
}

const accepted = async (user: string) => (await flags(user)).filter((each) => each.includes(acceptedKeyword)).length;

withDovecot(
  'a mail delivered to the mailbox is in the log within a second, told by IDLE, and then marked',
  async () => {
    await using it = await reading(['ada']);
    dovecot.deliver('ada', mail('first'));
    expect(await it.nextInbound()).toMatchObject({ subject: 'first', account: 'ada@tributary.local' });
    await until('the mark', async () => (await accepted('ada')) === 1);
    // Long before the poll, which comes every 60 s. Dovecot itself looks at a maildir once a second.
    const began = performance.now();
    dovecot.deliver('ada', mail('second'));
    await it.nextInbound();
    expect(performance.now() - began).toBeLessThan(5000);
    await until('the mark', async () => (await accepted('ada')) === 2);
  },
);

withDovecot(
  'nothing is marked before the append: with the log down the mail stays as it is, and comes afterwards',
  async () => {
    let down = true;
    let refused = 0;
    const breaking = (log: EventLog): EventLog => ({
      ...log,
      async append(records) {
        if (down) {
          refused += 1;
          throw new Error('the log is down');
        }
        await log.append(records);
      },
      consume: (options) => log.consume(options),
      problems: () => log.problems(),
    });
    await using it = await reading(['bob'], { wrapLog: breaking });
    dovecot.deliver('bob', mail('patient'));
    await until('two refusals', () => refused >= 2);
    expect(await accepted('bob')).toBe(0);
    expect(it.gateway.providerProblems()).toEqual(['mailbox of bob@tributary.local: the log is down']);
    down = false;
    expect(await it.nextInbound()).toMatchObject({ subject: 'patient' });
    await until('the mark', async () => (await accepted('bob')) === 1);
    expect(it.inbound).toHaveLength(1);
  },
);

withDovecot('a mail that cannot be read becomes a message with the raw mail, once, and stops nothing', async () => {
  const { createMailparserParser } = await import('../src/adapters/mailparser-parser.ts');
  let tries = 0;
  await using it = await reading(['cyd'], {
    async parse(source) {
      let raw = '';
      for await (const chunk of source) raw += Buffer.from(chunk).toString('latin1');
      if (raw.includes('poison')) {
        tries += 1;
        throw new Error('parser bug');
      }
      return createMailparserParser(it.blobStore, it.config.limits, {
        now: Date.now,
        setTimer: () => ({ [Symbol.dispose]() {} }),
      })(
        (async function* () {
          yield Buffer.from(raw, 'latin1');
        })(),
      );
    },
  });
  for (const subject of ['before', 'poison', 'after']) dovecot.deliver('cyd', mail(subject));
  await until('all three', () => new Set(it.inbound.map(({ id }) => id)).size === 3);
  expect(it.inbound.find(({ subject }) => subject === 'poison')).toMatchObject({
    refusals: [{ what: 'the whole mail' }],
    raw: { mediaType: 'message/rfc822' },
  });
  await until('all marks', async () => (await accepted('cyd')) === 3);
  expect(tries).toBe(1);
});

withDovecot('a mail over which the process died again and again is kept without being read', async () => {
  dovecot.deliver('dan', mail('deadly'));
  const uidValidity = await uidValidityOf('dan');
  const folder = await mkdtemp(join(tmpdir(), 'tributary-email-'));
  // What a process leaves that dies over its first mail for the third time.
  {
    await using docStore = await openEmbeddedStore({ folder: join(folder, 'docs') });
    const states = await docStore.collection('email_mailboxes');
    await states.updateOne(
      { _id: `dan@127.0.0.1:${dovecot.imapPort}/INBOX` },
      { $set: { uidValidity, settledUid: 0, inHand: [1], deaths: 2 } },
      { upsert: true },
    );
  }
  await using it = await reading(['dan'], {
    folder,
    parse: () => Promise.reject(new Error('it was read all the same')),
  });
  expect(await it.nextInbound()).toMatchObject({
    subject: 'deadly',
    refusals: [{ reason: 'it could not be read: the process ended each time it was read' }],
  });
  await until('the mark', async () => (await accepted('dan')) === 1);
});

withDovecot('one mail delivered twice, at once, to two accounts is one message in one conversation', async () => {
  await using it = await reading(['eve', 'fay']);
  for (const user of ['eve', 'eve', 'fay'])
    dovecot.deliver(user, `Delivered-To: ${user}@tributary.local\r\n${mail('same')}`);
  await until('three deliveries', () => it.inbound.length === 3);
  expect(new Set(it.inbound.map(({ id }) => id)).size).toBe(1);
  expect(new Set(it.inbound.map(({ conversationKey }) => conversationKey)).size).toBe(1);
});

withDovecot('a mailbox that numbers its mails anew loses nothing', async () => {
  await using it = await reading(['fay']);
  dovecot.deliver('fay', mail('before-renumbering'));
  await until('the mail', () => it.inbound.some(({ subject }) => subject === 'before-renumbering'));
  await until('the mark', async () => (await flags('fay')).every((each) => each.includes(acceptedKeyword)));
  dovecot.kill();
  const maildir = dovecot.maildir('fay');
  for (const name of readdirSync(maildir))
    if (name.startsWith('dovecot')) rmSync(join(maildir, name), { recursive: true });
  await dovecot.restart();
  dovecot.deliver('fay', mail('after-renumbering'));
  await until('the mail', () => it.inbound.some(({ subject }) => subject === 'after-renumbering'));
  const ids = (subject: string) => new Set(it.inbound.filter((each) => each.subject === subject).map(({ id }) => id));
  expect(ids('before-renumbering').size).toBe(1);
});

withDovecot('kill -9 of the mail server in the middle of the work loses nothing', async () => {
  await using it = await reading(['gus']);
  const subjects = Array.from({ length: 60 }, (_, index) => `mail-${index}`);
  for (const [index, subject] of subjects.entries()) {
    dovecot.deliver('gus', mail(subject));
    if (index === 20 || index === 40) {
      await until('some arrived', () => it.inbound.length > index / 2);
      dovecot.kill();
      await until('the trouble is known', () => it.gateway.providerProblems().length > 0);
      await dovecot.restart();
    }
  }
  await until('all mails', () => new Set(it.inbound.map(({ subject }) => subject)).size === 60);
  await until('all marks', async () => (await accepted('gus')) === 60);
  expect(new Set(it.inbound.map(({ id }) => id)).size).toBe(60);
  expect(it.gateway.providerProblems()).toEqual([]);
});

withDovecot('a waiting mailbox is worked off at hundreds of mails a second', async () => {
  for (let index = 0; index < 1000; index++) dovecot.deliver('ada', mail(`load-${index}`));
  dovecot.deliver('ada', fixture('charset/gb18030'));
  const began = performance.now();
  await using it = await reading(['ada']);
  await until('all mails', () => it.inbound.length >= 1001);
  const rate = Math.round((1001 / (performance.now() - began)) * 1000);
  console.log(`${rate} mails/s from the mailbox to the log`);
  expect(rate).toBeGreaterThan(50);
});

async function uidValidityOf(user: string): Promise<string> {
  const client = new ImapFlow({
    host: '127.0.0.1',
    port: dovecot.imapPort,
    secure: false,
    auth: { user, pass: 'secret' },
    logger: false,
  });
  await client.connect();
  const { uidValidity } = await client.mailboxOpen('INBOX', { readOnly: true });
  await client.logout();
  return String(uidValidity);
}
