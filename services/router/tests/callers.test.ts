import { status } from '@grpc/grpc-js';
import { Agent, type Caller, OfferState, Presence } from '@tributary/contracts';
import { ManualClock } from '@tributary/testing';
import { expect, test } from 'vitest';
import { smallPolicy, startHarness } from './harness.ts';
import { call } from './offers-suite.ts';

const person = (actor: string, role: Caller['role'], ...regions: string[]) => ({ caller: { actor, role, regions } });
const ann = person('ann', 'agent', 'emea');
const bob = person('bob', 'agent', 'americas');
const lead = person('lena', 'supervisor', 'emea');
const manager = person('max', 'manager');
const phone = person('gateway-phone', 'service');
const { PRESENCE_AWAY: away, PRESENCE_OFFLINE: offline } = Presence;
const all = { agentId: '', ticketId: '', states: [] as OfferState[], pageSize: 0, pageToken: '' };
const failure = (answer: Promise<unknown>) => answer.catch((error: unknown) => error);
const denied = { code: status.PERMISSION_DENIED };

const start = async () => {
  const agents = [
    { id: 'ann', regions: ['emea'] },
    { id: 'bob', regions: ['americas'] },
  ];
  const clock = new ManualClock();
  const harness = await startHarness({ clock, policy: smallPolicy(agents, '{ phone: { timeout: 20s } }') });
  return { clock, harness, router: await harness.startRouter() };
};

test('P1: waiting work and decisions are shown to agents and supervisors of its region, and to managers', async () => {
  const { harness, router } = await start();
  await using _ = harness;
  for (const id of ['ann', 'bob']) await router.agents.setPresence({ id, presence: offline });
  const far = await harness.decisionOn(await harness.write({ regionHint: 'US' }));
  const near = await harness.decisionOn(await harness.write({ regionHint: 'DE' }));
  const waiting = async (who: typeof ann, pageSize = 0) =>
    (await router.routing.listWaiting({ pageSize, pageToken: '' }, who)).tickets.map(({ ticketId }) => ticketId);
  expect(await waiting(ann)).toEqual([near.ticketId]);
  expect(await waiting(ann, 1)).toEqual([near.ticketId]);
  expect(await waiting(lead)).toEqual([near.ticketId]);
  expect(await waiting(bob)).toEqual([far.ticketId]);
  expect((await waiting(manager)).sort()).toEqual([near.ticketId, far.ticketId].sort());
  const none = { code: status.NOT_FOUND, message: `there is no decision about a ticket "${far.ticketId}"` };
  for (const who of [ann, lead]) {
    expect(await failure(router.routing.listDecisions({ ticketId: far.ticketId }, who))).toMatchObject(none);
  }
  for (const who of [bob, manager, phone]) {
    expect((await router.routing.listDecisions({ ticketId: far.ticketId }, who)).decisions).toHaveLength(1);
  }
});

test('agents set their own presence, supervisors that of their regions; only managers change what somebody may see', async () => {
  const { harness, router } = await start();
  await using _ = harness;
  const set = (id: string, who: typeof ann) => router.agents.setPresence({ id, presence: away }, who);
  expect(await set('ann', ann)).toMatchObject({ presence: away });
  expect(await failure(set('bob', ann))).toMatchObject({
    ...denied,
    message: 'only "ann", who calls, can be spoken for',
  });
  expect(await set('ann', lead)).toMatchObject({ presence: away });
  expect(await failure(set('bob', lead))).toMatchObject(denied);
  expect(await set('bob', manager)).toMatchObject({ presence: away });
  const agent = await router.agents.getAgent({ id: 'ann' }, bob);
  const wider = Agent.fromPartial({ ...agent, regions: ['emea', 'americas'] });
  for (const who of [ann, lead])
    expect(await failure(router.agents.putAgent({ agent: wider }, who))).toMatchObject(denied);
  expect(await router.agents.putAgent({ agent: wider }, manager)).toMatchObject({ regions: ['emea', 'americas'] });
});

test('an agent reads and answers their own offers, a supervisor reads those of their regions, the telephone answers all', async () => {
  const { clock, harness, router } = await start();
  await using _ = harness;
  const { offerId } = await harness.decisionOn(await call(harness, { regionHint: 'DE' }));
  const read = async (who: typeof ann, agentId = '') =>
    (await router.agents.listOffers({ ...all, agentId }, who)).offers.map(({ id }) => id);
  const watched = async (who: typeof ann) => {
    const stop = new AbortController();
    const stream = router.agents.watchOffers({ agentId: '' }, { ...who, signal: stop.signal })[Symbol.asyncIterator]();
    const next = stream.next();
    // Whoever may see nothing waits until they have had enough.
    await clock.advance(1);
    stop.abort();
    return ((await next).value as { id: string } | undefined)?.id;
  };
  expect(await read(ann)).toEqual([offerId]);
  expect(await read(lead)).toEqual([offerId]);
  expect(await read(bob)).toEqual([]);
  expect(await failure(read(bob, 'ann'))).toMatchObject(denied);
  expect(await read(person('far', 'supervisor', 'americas'), 'ann')).toEqual([]);
  expect(await watched(ann)).toBe(offerId);
  expect(await watched(bob)).toBeUndefined();
  expect(await watched(person('far', 'supervisor', 'americas'))).toBeUndefined();

  const none = { code: status.NOT_FOUND, message: `there is no offer "${offerId}"` };
  for (const who of [bob, manager]) {
    expect(await failure(router.agents.acceptOffer({ offerId, agentId: '' }, who))).toMatchObject(none);
    expect(await failure(router.agents.declineOffer({ offerId, agentId: '', reason: '' }, who))).toMatchObject(none);
    expect(await failure(router.agents.acceptOffer({ offerId, agentId: 'ann' }, who))).toMatchObject(denied);
  }
  expect(await router.agents.acceptOffer({ offerId, agentId: '' }, ann)).toMatchObject({
    state: OfferState.OFFER_STATE_ACCEPTED,
  });
  expect(await router.agents.acceptOffer({ offerId, agentId: 'ann' }, phone)).toMatchObject({ agentId: 'ann' });
});
