import { CallOutcome, DeliveryStatus, MessageKind } from '@tributary/contracts';
import { until } from '@tributary/testing';
import type { Leg } from '@tributary/testing/simulators/twilio';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Hotline, hotlineNumber } from './hotline.ts';

const customer = '+491701234567';
let hotline: Hotline;
beforeEach(async () => {
  hotline = await Hotline.open();
});
afterEach(() => hotline[Symbol.asyncDispose]());

let ids = 0;

/** A ticket asks for a call; resolves when the agent's telephone rings. */
async function callFromTicket(fields = {}): Promise<{ readonly id: string; readonly phone: Leg }> {
  const id = `call-${++ids}`;
  const recipients = [{ kind: 'phone', address: customer, displayName: 'Ada', verification: 2 as const }];
  await hotline.send({
    id,
    kind: MessageKind.MESSAGE_KIND_CALL,
    authorId: 'grace',
    recipients,
    language: 'en',
    ...fields,
  });
  const phone = await until('the agent to be rung', () => hotline.twilio.voice.ringing('+4930111')[0]);
  return { id, phone };
}

const result = () =>
  until('the result', async () => {
    await hotline.twilio.voice.settled();
    return hotline.messages.find(({ call }) => call?.outbound);
  });

test('an agent who wants to call is rung first and then the customer; how it went comes to the ticket', async () => {
  const { id, phone } = await callFromTicket();
  await phone.answer();
  expect(phone.heard.at(-1)).toBe('Press any key to call 4 9 1 7 0 1 2 3 4 5 6 7.');
  expect(hotline.twilio.voice.ringing(customer)).toEqual([]);
  await phone.press('1');
  const [theirs] = hotline.twilio.voice.ringing(customer);
  expect(theirs?.from).toBe(hotlineNumber);
  await theirs?.answer();
  theirs?.say('Hello?');
  expect(phone.heard.at(-1)).toBe('Hello?');
  await hotline.clock.advance(95_000);
  await theirs?.hangUp();
  expect(await result()).toMatchObject({
    kind: MessageKind.MESSAGE_KIND_CALL,
    conversationKey: 'mail:1',
    replyToTicketId: 'ticket-1',
    sender: { kind: 'phone', address: customer },
    text: 'We called, 95 s.',
    call: { outbound: true, outcome: CallOutcome.CALL_OUTCOME_ANSWERED, talkSeconds: 95n },
  });
  expect(phone.status).toBe('completed');
  const sent = await until('the delivery', () =>
    hotline.deliveries.find(({ outboundMessageId }) => outboundMessageId === id),
  );
  expect(sent).toMatchObject({ status: DeliveryStatus.DELIVERY_STATUS_SENT, providerMessageId: phone.sid });
  expect(hotline.twilio.voice.problems).toEqual([]);
});

test('a customer who does not answer is told of, and the agent hears it', async () => {
  const { phone } = await callFromTicket();
  await phone.answer();
  await phone.press('1');
  await hotline.twilio.voice.ringing(customer)[0]?.end('no-answer');
  expect(await result()).toMatchObject({
    text: 'We called; nobody answered (no-answer).',
    call: { outcome: CallOutcome.CALL_OUTCOME_FAILED, talkSeconds: 0n },
  });
  expect([phone.status, phone.heard.at(-1)]).toEqual(['completed', 'Nobody answered.']);
});

test('an agent who hangs up before the customer answers stops their telephone', async () => {
  const { phone } = await callFromTicket();
  await phone.answer();
  await phone.press('1');
  const [theirs] = hotline.twilio.voice.ringing(customer);
  await phone.hangUp();
  expect((await result()).call?.outcome).toBe(CallOutcome.CALL_OUTCOME_FAILED);
  expect(theirs?.status).toBe('canceled');
});

test('the customer is not rung when the agent is not reached', async () => {
  const { phone } = await callFromTicket();
  await phone.end('busy');
  expect((await result()).text).toBe('We did not call: the agent was not reached (busy).');
  expect(hotline.twilio.voice.ringing(customer)).toEqual([]);
});

test.each([
  ['an agent nobody knows', { authorId: 'nobody' }, 'there is no agent nobody'],
  ['an agent without a telephone', { authorId: 'mute' }, 'no telephone address is known of agent mute'],
  [
    'a number that is none',
    { recipients: [{ kind: 'phone', address: '110', displayName: '', verification: 2 }] },
    'E.164',
  ],
  [
    'a text where there are no text messages',
    { kind: MessageKind.MESSAGE_KIND_MESSAGE, text: 'Hello' },
    'call the customer instead',
  ],
])('what asks for %s has failed for good, with the reason', async (_, fields, reason) => {
  hotline.agents.addresses.set('mute', '');
  const recipients = [{ kind: 'phone', address: customer, displayName: '', verification: 2 as const }];
  const message = { id: 'm', kind: MessageKind.MESSAGE_KIND_CALL, authorId: 'grace', recipients, ...fields };
  await hotline.send(message as Parameters<typeof hotline.send>[0]);
  const failed = await until('the delivery', () => hotline.deliveries[0]);
  expect(failed).toMatchObject({
    status: DeliveryStatus.DELIVERY_STATUS_FAILED,
    reason: expect.stringContaining(reason),
  });
});

test('when Twilio does not say whether it rings the agent, the call is uncertain and not made again', async () => {
  hotline.twilio.behave('silent');
  await hotline.send({
    id: 'm',
    kind: MessageKind.MESSAGE_KIND_CALL,
    authorId: 'grace',
    recipients: [{ kind: 'phone', address: customer, displayName: '', verification: 2 }],
  });
  await until('Twilio to take the call', () => hotline.twilio.voice.ringing('+4930111').length === 1);
  await hotline.twilio[Symbol.asyncDispose]();
  const delivery = await until('the delivery', () => hotline.deliveries[0]);
  expect(delivery.status).toBe(DeliveryStatus.DELIVERY_STATUS_UNCERTAIN);
  expect(hotline.twilio.posts).toBe(1);
});
