import { topics } from '@tributary/contracts';
import { type EventLog, LogRefusedError, listDeadLetters } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { createTransport } from 'nodemailer';
import { expect, test } from 'vitest';
import { startGateway } from './gateway-under-test.ts';

const plain = `From: Ada Lovelace <Ada@Example.com>
To: support@tributary.local
Subject: =?utf-8?Q?It_doesn=E2=80=99t_start?=
Message-ID: <m1@example.com>
Date: Fri, 1 May 2026 10:00:00 +0200

The red lamp blinks.
`;

test('a mail by SMTP is in the log when it is answered 250', async () => {
  await using it = await startGateway();
  const answer = await it.smtp(plain);
  expect(answer).toMatch(/^250 /);
  const message = await it.nextInbound();
  expect(answer).toContain(message.id);
  expect(message).toMatchObject({
    channel: 'email',
    account: 'support@tributary.local',
    providerMessageId: 'm1@example.com',
    subject: 'It doesn’t start',
    text: 'The red lamp blinks.',
    sender: { kind: 'email', address: 'ada@example.com', displayName: 'Ada Lovelace' },
    providerTime: new Date('2026-05-01T08:00:00Z'),
    refusals: [],
  });
});

test('nothing is answered 250 while the log is down: the sender is told to come again, and then it is one message', async () => {
  let down = true;
  const breaking = (log: EventLog): EventLog => ({
    ...log,
    append: (records) => (down ? Promise.reject(new Error('the log is down')) : log.append(records)),
    consume: (options) => log.consume(options),
    tail: (options) => log.tail(options),
    problems: () => log.problems(),
  });
  await using it = await startGateway({ wrapLog: breaking });
  await expect(it.smtp(plain)).rejects.toMatchObject({ responseCode: 451 });
  expect(it.gateway.problems()).toEqual(['mail cannot be accepted: the log is down']);
  down = false;
  await it.smtp(plain);
  await it.nextInbound();
  expect(it.gateway.problems()).toEqual([]);
});

test('a log that does not answer in time is like a log that is down', async () => {
  const silent = (log: EventLog): EventLog => ({
    ...log,
    append: () => new Promise(() => {}),
    consume: (options) => log.consume(options),
    problems: () => log.problems(),
  });
  await using it = await startGateway({ wrapLog: silent, environment: { EMAIL_ACCEPT_TIMEOUT_SECONDS: '0.3' } });
  await expect(it.smtp(plain)).rejects.toMatchObject({ responseCode: 451 });
});

test('overload: while the log does not answer further mails get 451 and are taken afterwards', async () => {
  const gate = Promise.withResolvers<void>();
  let waiting = 0;
  const slow = (log: EventLog): EventLog => ({
    ...log,
    async append(records) {
      waiting += 1;
      await gate.promise;
      await log.append(records);
    },
    consume: (options) => log.consume(options),
    problems: () => log.problems(),
  });
  const clock = new ManualClock();
  await using it = await startGateway({ wrapLog: slow, clock });
  const before = waiting;
  const patient = it.smtp(plain);
  await until('the append that waits', () => waiting === before + 1);
  await clock.advance(4001);
  const other = plain.replace('m1@', 'm2@');
  await expect(it.smtp(other)).rejects.toMatchObject({ responseCode: 451, response: expect.stringContaining('4.4.5') });
  gate.resolve();
  await patient;
  await it.smtp(other);
  await until('both mails', () => it.inbound.length === 2);
});

test('it is no relay: mail for others is refused with 550', async () => {
  await using it = await startGateway();
  await expect(it.smtp(plain, { to: ['someone@elsewhere.example'] })).rejects.toMatchObject({ responseCode: 550 });
  await it.smtp(plain, { to: ['SUPPORT+tag@Tributary.LOCAL'] });
  expect((await it.nextInbound()).account).toBe('support@tributary.local');
});

test('the size limit is announced, and a larger mail is refused before it is acknowledged', async () => {
  await using it = await startGateway({ environment: { EMAIL_MAX_MAIL_MB: '2' } });
  await expect(it.smtp(`${plain}${'x'.repeat(3 * 1024 * 1024)}`)).rejects.toThrow(/552|larger than allowed/);
});

test('a large mail goes through the blob store and loses nothing', async () => {
  await using it = await startGateway();
  const picture = Buffer.alloc(6 * 1024 * 1024, 'picture');
  const transport = createTransport({ host: '127.0.0.1', port: it.gateway.smtpPort, ignoreTLS: true });
  await transport.sendMail({
    from: 'ada@example.com',
    to: 'support@tributary.local',
    subject: 'photo',
    text: 'See.',
    attachments: [{ filename: 'photo.jpg', content: picture }],
  });
  transport.close();
  const message = await it.nextInbound();
  expect(message).toMatchObject({
    text: 'See.',
    attachments: [{ name: 'photo.jpg', blob: { size: BigInt(picture.length) } }],
  });
  const content = await it.blobStore.get(message.attachments[0]?.blob?.key ?? '');
  expect(Buffer.concat(await (content?.toArray() ?? [])).equals(picture)).toBe(true);
});

test('a mail to 10,000 recipients in its header and 1,000 in its envelope is accepted', async () => {
  await using it = await startGateway();
  const to = Array.from({ length: 10_000 }, (_, index) => `p${index}@example.com`).join(',\n ');
  const envelope = Array.from({ length: 1000 }, (_, index) => `support+${index}@tributary.local`);
  await it.smtp(plain.replace('To: ', `To: ${to},\n `), { to: envelope });
  expect((await it.nextInbound()).participants).toHaveLength(100);
});

test('a mail that crashes the parser is kept raw, dead-lettered, and becomes a message that says so', async () => {
  await using it = await startGateway({ parse: () => Promise.reject(new Error('parser bug')) });
  await it.smtp(plain);
  const message = await it.nextInbound();
  expect(message).toMatchObject({
    providerMessageId: 'm1@example.com',
    sender: { address: 'ada@example.com' },
    text: '',
    refusals: [{ what: 'the whole mail', reason: 'it could not be read: parser bug' }],
  });
  const raw = await it.blobStore.get(message.raw?.key ?? '');
  expect(Buffer.concat(await (raw?.toArray() ?? [])).toString()).toContain('The red lamp blinks.');
  const [letter] = await listDeadLetters(it.eventLog, topics.inbound.name);
  expect(letter).toMatchObject({ cause: 'parser bug', group: 'tributary/gateway-email' });
});

test('a message that the log will never take goes without its content, and the mail is not fetched for ever', async () => {
  const picky = (log: EventLog): EventLog => ({
    ...log,
    append: (records) =>
      records.some(({ value }) => Buffer.from(value).includes('lamp'))
        ? Promise.reject(new LogRefusedError('too large'))
        : log.append(records),
    consume: (options) => log.consume(options),
    problems: () => log.problems(),
  });
  await using it = await startGateway({ wrapLog: picky });
  await it.smtp(plain);
  expect(await it.nextInbound()).toMatchObject({
    text: '',
    sender: { address: 'ada@example.com' },
    refusals: [{ what: 'the content', reason: 'the log refuses it: too large' }],
    raw: { mediaType: 'message/rfc822' },
  });
});

test('stopping waits for the mail in hand', async () => {
  const held = Promise.withResolvers<void>();
  let asked = false;
  const slow = (log: EventLog): EventLog => ({
    ...log,
    async append(records) {
      asked ||= records.some(({ topic }) => topic === topics.inbound.name);
      await held.promise;
      await log.append(records);
    },
    consume: (options) => log.consume(options),
    problems: () => log.problems(),
  });
  await using it = await startGateway({ wrapLog: slow });
  const sending = it.smtp(plain);
  await until('the append', () => asked);
  const stopped = it.gateway.stop();
  held.resolve();
  expect(await sending).toMatch(/^250 /);
  await stopped;
  await it.nextInbound();
});
