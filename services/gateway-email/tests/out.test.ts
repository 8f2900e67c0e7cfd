import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DeliveryStatus, type OutboundMessage, OutboundPurpose } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { type GatewayUnderTest, startGateway, support } from './gateway-under-test.ts';

const {
  DELIVERY_STATUS_SENT: sent,
  DELIVERY_STATUS_FAILED: failed,
  DELIVERY_STATUS_UNCERTAIN: uncertain,
} = DeliveryStatus;

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly mail: string;
}

/** The customer's mail server. */
async function mailServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const from = session.envelope.mailFrom === false ? 'none' : session.envelope.mailFrom.address;
        const to = session.envelope.rcptTo.map(({ address }) => address);
        received.push({ from, to, mail: Buffer.concat(chunks).toString() });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(resolve)));
  return { received, port: (server.server.address() as { port: number }).port };
}

const gatewayTo = (port: number) => startGateway({ environment: { EMAIL_OUT: `smtp://127.0.0.1:${port}` } });

const header = (mail: string, name: string) =>
  new RegExp(`^${name}:(.*(?:\\r?\\n[ \\t].*)*)`, 'im')
    .exec(mail)?.[1]
    ?.replace(/\r?\n[ \t]+/g, ' ')
    .trim();

async function outcome(it: GatewayUnderTest, message: Pick<OutboundMessage, 'id'>) {
  return until('the delivery', () => it.deliveries.find(({ outboundMessageId }) => outboundMessageId === message.id));
}

test('without a mail server an answer becomes a file, and its delivery is told', async () => {
  await using it = await startGateway();
  const message = await it.send({ references: ['m1@example.com'] });
  expect(await outcome(it, message)).toMatchObject({
    status: sent,
    providerMessageId: `out.${message.id}@tributary.local`,
  });
  expect(await readdir(join(it.folder, 'outbox'))).toEqual([`out.${message.id}.eml`]);
  const mail = await readFile(join(it.folder, 'outbox', `out.${message.id}.eml`), 'utf8');
  expect(header(mail, 'Message-ID')).toBe(`<out.${message.id}@tributary.local>`);
});

test('I2: an acknowledgement says that a machine wrote it, and has no return path', async () => {
  const server = await mailServer();
  await using it = await gatewayTo(server.port);
  const message = await it.send({ references: ['m1@example.com', 'm2@example.com'], language: 'en' });
  await outcome(it, message);
  const [mail] = server.received;
  expect(mail).toMatchObject({ from: '', to: ['customer@example.com'] });
  const read = (name: string) => header(mail?.mail ?? '', name);
  expect(read('Auto-Submitted')).toBe('auto-replied');
  expect(read('X-Auto-Response-Suppress')).toBe('All');
  expect(read('In-Reply-To')).toBe('<m2@example.com>');
  expect(read('References')).toBe('<m1@example.com> <m2@example.com>');
  expect(read('Subject')).toBe('Re: It does not start [#20260501001]');
  expect(read('From')).toBe(`Support <${support}>`);
  expect(read('To')).toBe('Ada <customer@example.com>');
  expect(read('Reply-To')).toMatch(/^support\+t[a-z2-7]{44}@tributary\.local$/);
  expect(mail?.mail).toContain('Content-Type: text/plain');
  expect(mail?.mail).toContain('Content-Type: text/html');
});

test('an agent’s answer comes from a person: it may bounce and be answered, and carries attachments', async () => {
  const server = await mailServer();
  await using it = await gatewayTo(server.port);
  const blob = await it.blobStore.put(Buffer.from('a manual'));
  const message = await it.send({
    purpose: OutboundPurpose.OUTBOUND_PURPOSE_REPLY,
    authorName: 'Grace',
    subject: 'Re: AW: It does not start [#20260501001]',
    text: 'See <manual> & try again.',
    references: ['m1@example.com'],
    attachments: [
      { name: '手册.txt', contentId: '', blob: { ...blob, size: BigInt(blob.size), mediaType: 'text/plain' } },
    ],
  });
  await outcome(it, message);
  const [mail] = server.received;
  const read = (name: string) => header(mail?.mail ?? '', name);
  expect(mail?.from).toBe(read('Reply-To'));
  expect(read('Auto-Submitted')).toBeUndefined();
  expect(read('From')).toBe(`"Grace (Support)" <${support}>`);
  expect(read('Subject')).toBe('Re: It does not start [#20260501001]');
  expect(mail?.mail).toContain(Buffer.from('a manual').toString('base64'));
});

test('header injection by subject or names is not possible', async () => {
  const server = await mailServer();
  await using it = await gatewayTo(server.port);
  const message = await it.send({
    subject: 'x\r\nBcc: victim@example.com\r\n\r\nbody',
    recipients: [
      { kind: 'email', address: 'ada@example.com', displayName: 'A\r\nBcc: victim@example.com', verification: 2 },
    ],
  });
  await outcome(it, message);
  expect(server.received[0]?.to).toEqual(['ada@example.com']);
  expect(header(server.received[0]?.mail ?? '', 'Bcc')).toBeUndefined();
});

test.each([
  ['an unknown recipient', 550, '5.1.1 no such user', '550 5.1.1'],
  ['a refused mail', 554, 'we do not like it', '554'],
])('%s has failed, with the server’s words', async (_what, responseCode, text, code) => {
  const server = await mailServer({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error(text), { responseCode })),
  });
  await using it = await gatewayTo(server.port);
  const message = await it.send({});
  expect(await outcome(it, message)).toMatchObject({
    status: failed,
    providerCode: code,
    reason: expect.stringContaining(text),
  });
});

test('a busy server gets the mail again, with the same Message-ID', async () => {
  let busy = 2;
  const ids: string[] = [];
  const server = await mailServer({
    onData(stream, _session, done) {
      let mail = '';
      stream.on('data', (chunk) => {
        mail += chunk;
      });
      stream.on('end', () => {
        ids.push(header(mail, 'Message-ID') ?? '');
        done(busy-- > 0 ? Object.assign(new Error('busy'), { responseCode: 451 }) : null);
      });
    },
  });
  await using it = await gatewayTo(server.port);
  const message = await it.send({});
  expect(await outcome(it, message)).toMatchObject({ status: sent });
  expect(ids).toEqual(Array(3).fill(`<out.${message.id}@tributary.local>`));
});

test('a connection lost after the mail and before the reply is uncertain, and the mail is not repeated', async () => {
  let mails = 0;
  const server = createServer((socket) => {
    let data = false;
    socket.on('error', () => {});
    socket.write('220 hello\r\n');
    socket.on('data', (bytes) => {
      const text = bytes.toString();
      if (data) {
        if (!text.endsWith('\r\n.\r\n')) return;
        mails += 1;
        socket.destroy();
      } else if (/^DATA/im.test(text)) {
        data = true;
        socket.write(`${'250 ok\r\n'.repeat((text.match(/\r\n/g) ?? []).length - 1)}354 go\r\n`);
      } else socket.write('250 ok\r\n'.repeat((text.match(/\r\n/g) ?? []).length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await using it = await gatewayTo((server.address() as { port: number }).port);
  const message = await it.send({});
  expect(await outcome(it, message)).toMatchObject({
    status: uncertain,
    reason: expect.stringContaining('lost before it replied'),
  });
  expect(mails).toBe(1);
});

test('a mail server that is away is waited for, and its account says so', async () => {
  const taken = await mailServer();
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => resolve(free));
    });
  });
  await using it = await startGateway({
    environment: {
      EMAIL_ACCOUNTS: JSON.stringify([
        { address: 'away@tributary.local', smtp: { host: '127.0.0.1', port } },
        { address: 'here@tributary.local', smtp: { host: '127.0.0.1', port: taken.port } },
      ]),
    },
  });
  const away = await it.send({ account: 'away@tributary.local', id: '1'.repeat(32), conversationKey: 'email:away' });
  const here = await it.send({ account: 'here@tributary.local', id: '2'.repeat(32), conversationKey: 'email:here' });
  expect(await outcome(it, here)).toMatchObject({ status: sent });
  await until('the trouble', () => it.gateway.providerProblems().length > 0);
  expect(it.gateway.providerProblems()[0]).toMatch(
    /^cannot send from away@tributary\.local: the mail server does not answer/,
  );
  expect(it.deliveries.some(({ outboundMessageId }) => outboundMessageId === away.id)).toBe(false);
});

test('I2: nothing automatic is ever sent to machines, to nobody or to ourselves', async () => {
  await using it = await startGateway();
  for (const [index, address] of ['MAILER-DAEMON@example.com', 'postmaster@example.com', support, ''].entries()) {
    const message = await it.send({
      id: String(index).repeat(32),
      conversationKey: `email:${index}`,
      recipients: [{ kind: 'email', address, displayName: '', verification: 2 }],
    });
    expect(await outcome(it, message)).toMatchObject({ status: failed });
  }
});

test('an account that does not exist fails its messages only', async () => {
  await using it = await startGateway();
  const message = await it.send({ account: 'gone@tributary.local' });
  expect(await outcome(it, message)).toMatchObject({
    status: failed,
    reason: 'there is no email account gone@tributary.local',
  });
});
