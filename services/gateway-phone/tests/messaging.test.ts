import { buffer } from 'node:stream/consumers';
import { Automatic, DeliveryStatus, Verification } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { openTelephoneWorld } from './telephone-world.ts';
import { ourNumber, twilio } from './twilio-contract.ts';

const customer = '+4915112345678';
const picture = { mediaType: 'image/png', bytes: Buffer.from('a picture of smoke') };
const {
  DELIVERY_STATUS_SENT: sent,
  DELIVERY_STATUS_DELIVERED: delivered,
  DELIVERY_STATUS_READ: read,
  DELIVERY_STATUS_FAILED: failed,
} = DeliveryStatus;

test('a picture of the customer is kept with the message, with who and where they are', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('whatsapp', {
    ...{ from: customer, to: ourNumber, text: 'It smokes', files: [picture], name: 'Mei Lin' },
    parameters: { OriginalRepliedMessageSid: 'SM9' },
  });
  const message = await it.received(1);
  expect(message).toMatchObject({
    channel: 'whatsapp',
    account: ourNumber,
    text: 'It smokes',
    references: ['SM9'],
    automatic: Automatic.AUTOMATIC_NONE,
    sender: {
      kind: 'phone',
      address: customer,
      displayName: 'Mei Lin',
      verification: Verification.VERIFICATION_CHANNEL,
    },
  });
  const kept = message.attachments[0]?.blob;
  expect(kept).toMatchObject({ mediaType: 'image/png', size: BigInt(picture.bytes.length) });
  expect(await buffer((await it.blobStore.get(kept?.key ?? '')) as NodeJS.ReadableStream)).toEqual(picture.bytes);
});

test('a file that is not kept at Twilio is not fetched, and the message says so', async () => {
  const it = await openTelephoneWorld();
  const parameters = { NumMedia: '1', MediaUrl0: 'http://127.0.0.1:9/secret', MediaContentType0: 'image/png' };
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Look', parameters });
  const message = await it.received(1);
  expect(message.attachments).toEqual([]);
  expect(message.refusals).toMatchObject([{ what: 'image/png', reason: expect.stringContaining('127.0.0.1:9') }]);
});

test('a place without words is told in words', async () => {
  const it = await openTelephoneWorld();
  const parameters = { Latitude: '48.85', Longitude: '2.29', Label: 'Workshop' };
  await it.simulator.messaging.write('whatsapp', { from: customer, to: ourNumber, parameters });
  const message = await it.received(1);
  expect(message.text).toBe('Workshop\ngeo:48.85,2.29');
  expect(message.attributes).toMatchObject({ latitude: '48.85', longitude: '2.29' });
});

test('one person on both media is one contact and two conversations', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'one' });
  await it.received(1);
  await it.simulator.messaging.write('whatsapp', { from: customer, to: ourNumber, text: 'two' });
  const [bySms, byWhatsapp] = [await it.received(1), await it.received(2)];
  expect([bySms.sender?.kind, bySms.sender?.address]).toEqual([byWhatsapp.sender?.kind, byWhatsapp.sender?.address]);
  expect(bySms.conversationKey).not.toBe(byWhatsapp.conversationKey);
});

test('what short codes and our own numbers write is marked as automatic, so that nothing answers it', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: '72345', to: ourNumber, text: 'Your code is 1234' });
  await it.received(1);
  await it.simulator.messaging.write('sms', { from: ourNumber, to: ourNumber, text: 'an echo' });
  await it.received(2);
  expect(it.inbound.map(({ automatic }) => automatic)).toEqual([
    Automatic.AUTOMATIC_GENERATED,
    Automatic.AUTOMATIC_OWN,
  ]);
});

test('a message to a number that is not configured is refused, so that Twilio shows it', async () => {
  const it = await openTelephoneWorld({ channels: ['whatsapp'] });
  const other = await openTelephoneWorld({ channels: ['sms'] });
  const refused = await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'lost?' });
  const taken = await other.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'here' });
  expect([refused?.status, taken?.status]).toEqual([404, 200]);
});

test('Twilio fetches the files of an answer from us; the link holds for six hours and cannot be changed', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'How do I open it?' });
  const message = await it.received(1);
  const { key, size, sha256 } = await it.blobStore.put(picture.bytes);
  const blob = { key, size: BigInt(size), sha256, mediaType: 'image/png' };
  await it.reply(message, 'Like this', { attachments: [{ blob, name: 'how to open.png', contentId: '' }] });
  await it.passing('the answer', () => it.simulator.messaging.sent(customer).length === 1);
  const { bytes, url: link = '' } = it.simulator.messaging.sent(customer)[0]?.files[0] ?? {};
  expect(bytes).toEqual(new Uint8Array(picture.bytes));
  const answer = await fetch(link);
  expect(answer.headers.get('content-type')).toBe('image/png');
  expect(answer.headers.get('content-disposition')).toBe('inline; filename="how-to-open.png"');
  expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);
  expect((await fetch(link.replace('image%2Fpng', 'text%2Fhtml'))).status).toBe(403);
  await it.clock.advance(7 * 60 * 60_000);
  expect((await fetch(link)).status).toBe(403);
});

test('what Twilio reports later is told: delivered, and read on WhatsApp', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('whatsapp', { from: customer, to: ourNumber, text: 'Hello' });
  await it.reply(await it.received(1), 'Good morning');
  await it.passing('the delivery', () => it.deliveries.some(({ status }) => status === delivered));
  await it.simulator.messaging.read(customer);
  await until('the mark of reading', () => it.deliveries.some(({ status }) => status === read));
  expect(new Set(it.deliveries.map(({ status }) => status))).toEqual(new Set([sent, delivered, read]));
  expect(it.deliveries.every(({ outboundMessageId }) => outboundMessageId === 'reply-Good-morning')).toBe(true);
});

test('an answer to who has opted out fails at once, with the reason in words; START lets it through again', async () => {
  const it = await openTelephoneWorld();
  const write = (text: string) => it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text });
  await write('stop');
  const message = await it.received(1);
  expect(message.attributes).toMatchObject({ opt_out_type: 'STOP' });
  await it.reply(message, 'Please stay');
  await it.passing('the failure', () => it.deliveries.length === 1);
  expect(it.deliveries[0]).toMatchObject({ status: failed, providerCode: '21610' });
  expect(it.deliveries[0]?.reason).toContain('opted out');
  await write('START');
  await it.reply(await it.received(2), 'Welcome back');
  await it.passing('the answer', () => it.simulator.messaging.sent(customer).length === 1);
});

test('a day after the customer’s last message on WhatsApp an answer fails and says why', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('whatsapp', { from: customer, to: ourNumber, text: 'Hello' });
  const message = await it.received(1);
  await it.clock.advance(25 * 60 * 60_000);
  await it.reply(message, 'Sorry for the wait');
  await it.passing('the failure', () => it.deliveries.some(({ status }) => status === failed));
  const failure = it.deliveries.find(({ status }) => status === failed);
  expect(failure).toMatchObject({ providerCode: '63016', reason: expect.stringContaining('24 hours') });
});

test('a telephone that cannot be reached is told as a failure with the network’s code', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Hello' });
  it.simulator.messaging.unreachable(customer, 30003);
  await it.reply(await it.received(1), 'Good morning');
  await it.passing('the failure', () => it.deliveries.some(({ status }) => status === failed));
  expect(it.deliveries.at(-1)).toMatchObject({
    providerCode: '30003',
    reason: expect.stringContaining('switched off'),
  });
});

test('a long answer goes out in parts of 1600, no faster than the number may send', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Tell me everything' });
  const startMs = it.clock.now();
  await it.reply(await it.received(1), 'word '.repeat(900), { id: 'long' });
  await it.passing('all parts', () => it.simulator.messaging.sent(customer).length === 3);
  const texts = it.simulator.messaging.sent(customer).map(({ text }) => text);
  expect(texts.every(({ length }) => length <= 1600)).toBe(true);
  expect(texts.join(' ').split(/\s+/).filter(Boolean)).toHaveLength(900);
  expect(it.clock.now() - startMs).toBeGreaterThanOrEqual(2000);
});

test('while Twilio does not know our token answers wait and the operator is told; nothing is given up', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Hello' });
  const message = await it.received(1);
  it.simulator.setAccount({ ...twilio, authToken: 'another' });
  await it.reply(message, 'Good morning');
  await it.passing('the problem', () => it.gateway.providerProblems().length > 0);
  expect(it.gateway.providerProblems().join()).toContain('20003');
  it.simulator.setAccount(twilio);
  await it.passing('the answer', () => it.simulator.messaging.sent(customer).length === 1);
  expect(it.deliveries.filter(({ status }) => status === failed)).toEqual([]);
  await it.passing('no problem', () => it.gateway.providerProblems().length === 0);
});

test('a message that our side missed is fetched from Twilio within minutes, with its picture, and only once', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Hello' });
  await it.received(1);
  // Written down at Twilio, but no webhook came through.
  it.simulator.messaging.receive('sms', { from: customer, to: ourNumber, text: 'It smokes', files: [picture] });
  await it.passing('the missed message', () => it.inbound.length > 1);
  await it.clock.advance(30 * 60_000);
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Are you there?' });
  await until('the message after it', () => it.inbound.at(-1)?.text === 'Are you there?');
  expect(it.inbound.map(({ text }) => text)).toEqual(['Hello', 'It smokes', 'Are you there?']);
  expect(it.inbound[1]?.attachments[0]?.blob?.mediaType).toBe('image/png');
});

test('a look for missed messages that failed is taken again within seconds', async () => {
  const it = await openTelephoneWorld();
  await it.simulator.messaging.write('sms', { from: customer, to: ourNumber, text: 'Hello' });
  await it.received(1);
  it.simulator.setAccount({ ...twilio, authToken: 'another' });
  await it.clock.advance(5 * 60_000);
  await until('the problem', () => it.gateway.providerProblems().join().includes('cannot be looked through'));
  it.simulator.setAccount(twilio);
  const startMs = it.clock.now();
  await it.passing('no problem', () => it.gateway.providerProblems().length === 0);
  expect(it.clock.now() - startMs).toBeLessThan(10_000);
});
