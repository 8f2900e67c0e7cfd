import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeliveryStatus } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { startGateway } from './gateway-under-test.ts';

test('without a mail server an answer becomes a file, and its delivery is told', async () => {
  await using it = await startGateway();
  const message = await it.send({ references: ['m1@example.com'] });
  const delivery = await until('a delivery', () => it.deliveries[0]);
  expect(delivery).toMatchObject({
    outboundMessageId: message.id,
    status: DeliveryStatus.DELIVERY_STATUS_SENT,
    providerMessageId: `out.${message.id}@tributary.local`,
  });
  const mail = await readFile(join(it.folder, 'outbox', `out.${message.id}.eml`), 'utf8');
  expect(mail).toMatch(/^Message-ID: <out\.a{32}@tributary\.local>\r$/m);
  expect(mail).toMatch(/^In-Reply-To: <m1@example\.com>\r$/m);
  expect(mail).toMatch(/^Auto-Submitted: auto-replied\r$/m);
  expect(mail).toMatch(/^Subject: Re: It does not start \[#20260501001\]\r$/m);
});
