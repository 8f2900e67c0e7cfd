import {
  AgentServiceService,
  CallOutcome,
  MessageKind,
  OfferState,
  type Ticket,
  TicketServiceService,
} from '@tributary/contracts';
import type { GrpcChannel } from '@tributary/runtime';
import { until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { type Leg, startTwilioSimulator, type TwilioSimulator } from '@tributary/testing/simulators/twilio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStandalone } from './open-standalone.ts';

const account = { accountSid: `AC${'7'.repeat(32)}`, authToken: 'simulated' };
const hotline = '+15005550006';
const stack = new AsyncDisposableStack();
let twilio: TwilioSimulator;
let channel: GrpcChannel;
const tickets = () => channel.api(TicketServiceService);
const agents = () => channel.api(AgentServiceService);

beforeAll(async () => {
  const httpPort = await freePort();
  const publicUrl = `http://127.0.0.1:${httpPort}`;
  const voiceUrl = `${publicUrl}/channels/phone/voice/call`;
  twilio = stack.use(
    await startTwilioSimulator({
      accounts: [account],
      numbers: [{ accountSid: account.accountSid, number: hotline, voiceUrl }],
    }),
  );
  ({ channel } = await openStandalone(stack, {
    httpPort,
    environment: () => ({
      PUBLIC_URL: publicUrl,
      TWILIO_ACCOUNTS: JSON.stringify([
        {
          account_sid: account.accountSid,
          auth_token: account.authToken,
          api_url: twilio.url,
          numbers: [{ number: hotline, channels: ['phone'] }],
        },
      ]),
    }),
  }));
}, 60_000);
afterAll(async () => {
  expect(twilio.voice.problems).toEqual([]);
  await stack.disposeAsync();
}, 60_000);

/** Calls in English about a broken device, agrees to be recorded, and waits. */
async function call(from: string): Promise<Leg> {
  const caller = await twilio.voice.call(from, hotline, { FromCountry: 'DE' });
  // Who called before is not asked for the language again.
  if (caller.heard.length > 1) await caller.press('1');
  await caller.press('1');
  await caller.press('1');
  expect(caller.at).toBe('Enqueue');
  return caller;
}

const rung = (known: ReadonlySet<Leg> = new Set()) =>
  until('an agent to be rung', () => twilio.voice.ringing().find((leg) => !known.has(leg)));

async function takes(phone: Leg): Promise<void> {
  await phone.answer();
  await phone.press('1');
  await twilio.voice.settled();
}

const ticketOf = (caller: Leg, when: (ticket: Ticket) => boolean = () => true): Promise<Ticket> =>
  until('the ticket of the call', async () => {
    const query = caller.direction === 'inbound' ? caller.from : caller.to;
    const found = await tickets().searchTickets({ query, filter: undefined, pageSize: 10, pageToken: '' });
    for (const { id } of found.tickets) {
      const ticket = await tickets().getTicket({ id });
      if (ticket.conversationKey === `phone:${caller.sid}` && when(ticket)) return ticket;
    }
    return undefined;
  });
const agentOf = ({ to }: Leg) => to.replace('client:', '');
const outcomes = ({ entries }: Ticket) => entries.map(({ call: each }) => each?.outcome);

test('a call is rung at one agent after the other until somebody takes it, who owns the ticket then', async () => {
  const caller = await call('+4930100001');
  const first = await rung();
  await first.end('busy');
  const second = await rung(new Set([first]));
  expect(agentOf(second)).not.toBe(agentOf(first));
  await takes(second);
  const ticket = await ticketOf(caller, ({ ownerId }) => ownerId !== '');
  expect(ticket.ownerId).toBe(agentOf(second));
  expect(ticket.grade).toMatchObject({ type: 1, language: 'en', region: 'emea' });
  expect(ticket.deadlines.find(({ kind }) => kind === 1)?.metTime).toBeDefined();
  caller.say('My kettle is dead');
  expect(second.heard.at(-1)).toBe('My kettle is dead');
  await caller.hangUp();
  const after = await ticketOf(caller, ({ entries }) => entries.length === 2);
  expect(after).toMatchObject({ state: 2, ownerId: agentOf(second) });
  expect(after.entries[1]).toMatchObject({
    messageKind: MessageKind.MESSAGE_KIND_CALL,
    call: { outcome: CallOutcome.CALL_OUTCOME_ANSWERED },
    attachments: [{ name: 'recording.mp3' }],
  });
  const { offers } = await agents().listOffers({
    agentId: '',
    ticketId: ticket.id,
    states: [],
    pageSize: 0,
    pageToken: '',
  });
  expect(offers.map(({ state }) => state)).toEqual([OfferState.OFFER_STATE_ACCEPTED, OfferState.OFFER_STATE_DECLINED]);
});

test('a caller who hangs up stops the telephone, and somebody gets the ticket to call back', async () => {
  const caller = await call('+4930100002');
  const phone = await rung();
  await caller.hangUp();
  await until('the telephone to stop', () => !phone.isLive);
  const ticket = await ticketOf(caller, ({ ownerId, entries }) => ownerId !== '' && entries.length === 2);
  expect(outcomes(ticket)).toEqual([0, CallOutcome.CALL_OUTCOME_ABANDONED]);
  // Nobody has spoken with them yet.
  expect(ticket.deadlines.find(({ kind }) => kind === 1)?.metTime).toBeUndefined();
  expect(twilio.voice.ringing()).toEqual([]);
});

test('a customer whose problem somebody works on gets that agent first when they call again', async () => {
  const first = await call('+4930100003');
  const phone = await rung();
  await takes(phone);
  await first.hangUp();
  await ticketOf(first, ({ entries }) => entries.length === 2);
  const second = await call('+4930100003');
  const again = await rung();
  expect(again.to).toBe(phone.to);
  await takes(again);
  await second.hangUp();
  await ticketOf(second, ({ entries }) => entries.length === 2);
});

test('an escalated call goes on with the next line in the same conversation', async () => {
  const caller = await call('+4930100004');
  const first = await rung();
  await takes(first);
  const ticket = await ticketOf(caller, ({ ownerId }) => ownerId !== '');
  const context = {
    commandId: 'escalate-the-call',
    actor: { kind: 1, id: agentOf(first), displayName: '' } as const,
    expectedVersion: 0n,
  };
  await tickets().escalate({ ticketId: ticket.id, context, reason: 'needs an engineer', toTier: 0 });
  const second = await rung();
  await first.hangUp();
  expect(caller.status).toBe('in-progress');
  await takes(second);
  second.say('Engineer here');
  expect(caller.heard.at(-1)).toBe('Engineer here');
  await caller.hangUp();
  const after = await ticketOf(caller, ({ entries }) => entries.length === 2);
  expect(after).toMatchObject({ tier: 2, ownerId: agentOf(second) });
});

test('an agent calls the customer of a ticket back, and how it went is on the ticket', async () => {
  const caller = await call('+4930100005');
  await rung();
  await caller.press('1');
  const ticket = await ticketOf(caller, ({ ownerId, entries }) => ownerId !== '' && entries.length === 2);
  const context = {
    commandId: 'call-back',
    actor: { kind: 1, id: ticket.ownerId, displayName: '' } as const,
    expectedVersion: 0n,
  };
  await tickets().call({ ticketId: ticket.id, context, phoneNumber: '' });
  const phone = await until('the agent to be rung', () => twilio.voice.ringing(`client:${ticket.ownerId}`)[0]);
  await phone.answer();
  await phone.press('1');
  const theirs = await until('the customer to be rung', () => twilio.voice.ringing(caller.from)[0]);
  await theirs.answer();
  await theirs.hangUp();
  const after = await ticketOf(caller, ({ entries }) => entries.length === 4);
  expect(after.entries.slice(2)).toMatchObject([
    { kind: 2, channel: 'phone', call: { outbound: true } },
    { kind: 1, call: { outbound: true, outcome: CallOutcome.CALL_OUTCOME_ANSWERED } },
  ]);
  expect(after.deadlines.find(({ kind }) => kind === 1)?.metTime).toBeDefined();
});
