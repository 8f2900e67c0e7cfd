import { createHmac } from 'node:crypto';
import { Verification } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { replyAddress } from '../src/domain/reply-token.ts';
import { startGateway } from './gateway-under-test.ts';
import { fixture, openMailReader } from './mail-reader.ts';

const mail = (changes: { head?: string; body?: string; id?: string } = {}) =>
  `${changes.head ?? ''}From: Ada <ada@example.com>
To: support@tributary.local
Subject: It does not start
Message-ID: <${changes.id ?? 'm1@example.com'}>
Date: Fri, 1 May 2026 10:00:00 +0200

${changes.body ?? 'The red lamp blinks.'}
`;

test('the same mail is one message: delivered twice, by other ways, with other line ends, to another account', async () => {
  const reader = await openMailReader();
  const first = await reader.read(mail());
  const traces =
    'Return-Path: <ada@example.com>\nDelivered-To: other@tributary.local\nReceived: from a by b\nX-Spam: no\n';
  for (const again of [mail(), mail({ head: traces }), mail().replace(/\n/g, '\r\n'), `${mail()}\n\n`]) {
    expect(await reader.read(again, { account: 'other@tributary.local' })).toMatchObject({
      id: first.id,
      conversationKey: first.conversationKey,
    });
  }
});

test('two different mails that carry one Message-ID are two messages', async () => {
  const reader = await openMailReader();
  const first = await reader.read(mail());
  const other = await reader.read(mail({ body: 'The green lamp blinks.' }));
  expect(other.id).not.toBe(first.id);
  expect(other.conversationKey).toBe(first.conversationKey);
});

test('mails without a Message-ID are told apart by their content', async () => {
  const reader = await openMailReader();
  const without = (body: string) => mail({ body }).replace(/Message-ID.*\n/, '');
  const [one, again, other] = [
    await reader.read(without('a')),
    await reader.read(without('a')),
    await reader.read(without('b')),
  ];
  expect(again.id).toBe(one.id);
  expect(other.id).not.toBe(one.id);
  expect(other.conversationKey).not.toBe(one.conversationKey);
});

test('delivered at once over many connections it has one id', async () => {
  await using it = await startGateway();
  await Promise.all(Array.from({ length: 20 }, () => it.smtp(mail())));
  await until('20 records', () => it.inbound.length === 20);
  expect(new Set(it.inbound.map(({ id }) => id)).size).toBe(1);
});

test('an answer to a mail of ours joins its conversation, by token or by reference; a forged token proves nothing', async () => {
  await using it = await startGateway({ environment: { EMAIL_TOKEN_KEY: 'a key for this test' } });
  const ticketId = 'c'.repeat(32);
  const sent = await it.send({ id: 'd'.repeat(32), ticketId, conversationKey: 'email:the-conversation' });
  await until('the delivery', () => it.deliveries.length === 1);
  const hash = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest();

  const address = replyAddress('support@tributary.local', ticketId, hash('a key for this test'));
  await it.smtp(mail({ id: 'r1@example.com' }), { to: [address] });
  expect(await it.nextInbound()).toMatchObject({
    replyToTicketId: ticketId,
    conversationKey: 'email:the-conversation',
  });

  const forged = replyAddress('support@tributary.local', ticketId, hash('another key'));
  await it.smtp(mail({ id: 'r2@example.com' }), { to: [forged] });
  const stranger = await it.nextInbound();
  expect(stranger.replyToTicketId).toBe('');
  expect(stranger.conversationKey).not.toBe('email:the-conversation');

  const reference = `In-Reply-To: <out.${sent.id}@tributary.local>\n`;
  await it.smtp(mail({ id: 'r3@example.com', head: reference }));
  expect(await it.nextInbound()).toMatchObject({ replyToTicketId: '', conversationKey: 'email:the-conversation' });
});

test('the key for tokens is made once and kept', async () => {
  await using it = await startGateway();
  const secrets = await it.docStore.collection<{ _id: string; value: string }>('email_secrets');
  const made = await secrets.findOne({ _id: 'reply-token-key' });
  expect(Buffer.from(made?.value ?? '', 'base64url')).toHaveLength(32);
});

test('a sender is proved only by a mail server of ours, and only when one of ours brings the mail', async () => {
  const verification = async (authserv: string, relays: string) => {
    await using it = await startGateway({
      environment: { EMAIL_TRUSTED_SERVERS: 'mx.tributary.local', EMAIL_TRUSTED_RELAYS: relays },
    });
    await it.smtp(mail({ head: `Authentication-Results: ${authserv}; dmarc=pass header.from=example.com\n` }));
    return (await it.nextInbound()).sender?.verification;
  };
  expect(await verification('mx.tributary.local', '127.0.0.0/8')).toBe(Verification.VERIFICATION_PROVEN);
  expect(await verification('mx.tributary.local', '10.0.0.0/8')).toBe(Verification.VERIFICATION_CHANNEL);
  expect(await verification('mx.evil.example', '127.0.0.1')).toBe(Verification.VERIFICATION_CHANNEL);
});

test('a bounce marks the delivery failed, and its conversation is that of the message', async () => {
  await using it = await startGateway();
  const id = '0123456789abcdef0123456789abcdef';
  await it.send({ id, conversationKey: 'email:bounced' });
  await until('the delivery', () => it.deliveries.length === 1);
  await it.smtp(fixture('bounce/postfix'), { from: '' });
  expect(await it.nextInbound()).toMatchObject({ conversationKey: 'email:bounced', bounce: { status: '5.1.1' } });
  const failed = await until('the failure', () => it.deliveries[1]);
  expect(failed).toMatchObject({ outboundMessageId: id, providerCode: '5.1.1', conversationKey: 'email:bounced' });
  await it.smtp(fixture('bounce/postfix'), { from: '' });
  await it.nextInbound();
  expect(it.deliveries).toHaveLength(2);
});
