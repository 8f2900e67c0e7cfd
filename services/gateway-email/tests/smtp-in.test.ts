import { Verification } from '@tributary/contracts';
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
    quotedText: '',
    html: '',
    sender: {
      kind: 'email',
      address: 'ada@example.com',
      displayName: 'Ada Lovelace',
      verification: Verification.VERIFICATION_CHANNEL,
    },
    refusals: [],
  });
  expect(message.providerTime).toEqual(new Date('2026-05-01T08:00:00Z'));
  expect(message.raw?.mediaType).toBe('message/rfc822');
});
