import {
  DecisionOutcome,
  DecisionTrigger,
  OfferState,
  Presence,
  type RoutingDecision,
  topics,
} from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { expect, test } from 'vitest';
import type { OfferDocument } from '../src/adapters/docstore-offer-store.ts';
import { smallPolicy, startHarness } from './harness.ts';
import { call, isSettling, leave } from './offers-suite.ts';
import { expectConsistent } from './routing-suite.ts';

const { OFFER_STATE_PENDING: pending, OFFER_STATE_ACCEPTED: accepted, OFFER_STATE_DECLINED: declined } = OfferState;
const offerEnded = DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED;
const any = { agentId: '', ticketId: '', states: [] as OfferState[], pageSize: 500, pageToken: '' };

test('I5: two answers at once, through two routers, give one call to one agent', async () => {
  await using harness = await startHarness({ policy: smallPolicy([{ id: 'ann' }], '{ phone: { timeout: 20s } }') });
  const routers = await Promise.all([harness.startRouter(), harness.startRouter()]);
  const { offerId, ticketId } = await harness.decisionOn(await call(harness, { receivedTime: new Date() }));
  const answers = await Promise.allSettled(
    routers.flatMap(({ agents }) => [
      agents.acceptOffer({ offerId, agentId: 'ann' }),
      agents.declineOffer({ offerId, agentId: 'ann', reason: '' }),
    ]),
  );
  const [{ offers }, assignments] = [await routers[0].agents.listOffers(any), harness.tickets.calls.assignTickets];
  const isAccepted = offers[0]?.state === accepted;
  expect(harness.tickets.ticket(ticketId).ownerId).toBe(isAccepted ? 'ann' : '');
  expect(assignments > 0).toBe(isAccepted);
  // Whatever was answered first counts for both routers, and the other answer is refused by both.
  expect(answers.map(({ status }) => status === 'fulfilled')).toEqual([
    isAccepted,
    !isAccepted,
    isAccepted,
    !isAccepted,
  ]);
  await expectConsistent(harness, routers[0]);
});

test('a call that is declined while another router still tells of the offer goes on waiting', async () => {
  const terms = '{ phone: { timeout: 20s, ask_again_after: never } }';
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'ann' }], terms) });
  const { eventLog } = harness;
  const other = await harness.startRouter();
  await other.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_AWAY });
  const first = await harness.decisionOn(await call(harness));
  expect(first.outcome).toBe(DecisionOutcome.DECISION_OUTCOME_WAITING);
  let answered = 0;
  /** Before the offer's beginning is told, its agent has seen it in the list and declined, and the other router is done with it. */
  const append: EventLog['append'] = async (records) => {
    if (records.some(({ topic }) => topic === topics.offers.name) && answered++ === 0) {
      const [offer] = (await other.agents.listOffers({ ...any, states: [pending] })).offers;
      await other.agents.declineOffer({ offerId: offer?.id ?? '', agentId: 'ann', reason: '' });
      await until('the end to be settled', async () => !(await isSettling(harness)));
    }
    return eventLog.append(records);
  };
  const router = await harness.startRouter({ eventLog: intercept(eventLog, { append }) });
  await clock.advance(1000);
  await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE });
  expect(answered).toBeGreaterThan(0);
  const { tickets } = await router.routing.listWaiting({ pageSize: 0, pageToken: '' });
  expect(tickets.map(({ ticketId }) => ticketId)).toEqual([first.ticketId]);
});

test('a call whose next offer ends while another router still sees to the one before goes on waiting', async () => {
  const terms = '{ phone: { timeout: 20s, ask_again_after: never } }';
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'ann' }, { id: 'bob' }], terms) });
  const { eventLog } = harness;
  let first: RoutingDecision | undefined;
  /** Before the next offer's beginning is told, its agent has declined, and the other router is done with it. */
  const append: EventLog['append'] = async (records) => {
    const told = records.filter(({ topic }) => topic === topics.offers.name);
    const [offer] = (await other.agents.listOffers({ ...any, states: [pending] })).offers;
    if (first !== undefined && offer?.agentId === 'bob' && told.length > 0) {
      await other.agents.declineOffer({ offerId: offer.id, agentId: 'bob', reason: '' });
      await until('its end to be settled', async () => {
        await clock.advance(100);
        return (
          harness.offers.some(({ id, state }) => id === offer.id && state === declined) && (await hasLetGo(offer.id))
        );
      });
    }
    return eventLog.append(records);
  };
  const slow = await harness.startRouter({ eventLog: intercept(eventLog, { append }) });
  const other = await harness.startRouter();
  first = await harness.decisionOn(await call(harness));
  const hasLetGo = async (id: string) => {
    const offers = await harness.docStore.collection<OfferDocument>('offers');
    return (await offers.findOne({ _id: id, dueAtMs: { $exists: true } })) === undefined;
  };
  await slow.agents.declineOffer({ offerId: first.offerId, agentId: 'ann', reason: '' });
  await until('both to have declined', async () => {
    await clock.advance(100);
    return (await other.agents.listOffers({ ...any, states: [declined] })).offers.length === 2;
  });
  await until('it to wait', async () => {
    const { tickets } = await other.routing.listWaiting({ pageSize: 0, pageToken: '' });
    return tickets.length === 1;
  });
  await expectConsistent(harness, other);
});

test('an offer is withdrawn when the ticket was escalated while it was being made: its claim is gone', async () => {
  const policy = smallPolicy([{ id: 'ann' }, { id: 'cho', tier: 2 }], '{ phone: { timeout: 20s } }');
  await using harness = await startHarness({ policy });
  let isEscalated = false;
  /** Between the claim and its offer the escalation is heard. */
  const escalate = async () => {
    const [ticket] = harness.tickets.tickets.keys();
    if (ticket === undefined || isEscalated) return;
    isEscalated = true;
    harness.tickets.escalate(ticket);
    await harness.tellEvents();
    await until('the claim to be freed', async () => (await router.agents.getAgent({ id: 'ann' })).loadUnits === 0);
  };
  const docStore = intercept(harness.docStore, {
    collection: async (name: string, indexes: never) => {
      const collection = await harness.docStore.collection<OfferDocument>(name, indexes);
      const bulkWrite: typeof collection.bulkWrite = async (operations) => {
        await escalate();
        return collection.bulkWrite(operations);
      };
      return name === 'offers' ? intercept(collection, { bulkWrite }) : collection;
    },
  });
  const router = await harness.startRouter({ docStore });
  await call(harness, { receivedTime: new Date() });
  const { ticketId } = await until('an offer to the next tier', async () => {
    const { offers } = await router.agents.listOffers({ ...any, states: [pending] });
    return offers.find(({ agentId }) => agentId === 'cho');
  });
  await expectConsistent(harness, router, { [ticketId]: 'cho' });
  const { offers } = await router.agents.listOffers({ ...any, states: [OfferState.OFFER_STATE_CANCELLED] });
  expect(offers.map(({ agentId, reason }) => [agentId, reason])).toEqual([['ann', 'the ticket was given on']]);
});

test('a customer who leaves between a claim and its offer, which failed, is called back', async () => {
  await using harness = await startHarness({ policy: smallPolicy([{ id: 'ann' }], '{ phone: { timeout: 20s } }') });
  let isDown = true;
  const docStore = intercept(harness.docStore, {
    collection: async (name: string, indexes: never) => {
      const collection = await harness.docStore.collection<OfferDocument>(name, indexes);
      const bulkWrite: typeof collection.bulkWrite = async (operations) => {
        if (isDown && operations.length > 0) throw new Error('the store is down');
        return collection.bulkWrite(operations);
      };
      return name === 'offers' ? intercept(collection, { bulkWrite }) : collection;
    },
  });
  const router = await harness.startRouter({ docStore });
  const message = await call(harness, { receivedTime: new Date() });
  await until('the claim', async () => (await router.agents.getAgent({ id: 'ann' })).loadUnits === 100);
  await leave(harness, message);
  await until('the signal to be heard', async () =>
    (await harness.eventLog.lag('router-signals')).every(({ lag }) => lag === 0),
  );
  isDown = false;
  const decision = await harness.decisionOn(message);
  expect(decision).toMatchObject({ outcome: DecisionOutcome.DECISION_OUTCOME_ASSIGNED, agentId: 'ann' });
  await expectConsistent(harness, router);
});

test('an accepted offer keeps its decision when its yes was given twice and the ticket was taken away in between', async () => {
  await using harness = await startHarness({ policy: smallPolicy([{ id: 'ann' }], '{ phone: { timeout: 20s } }') });
  const { tickets } = harness;
  let isHeld = false;
  const wayThere = Promise.withResolvers<void>();
  const wayBack = Promise.withResolvers<void>();
  /** The second yes reaches ticketing after the ticket was taken away, and its answer comes back when all is over. */
  const assignTickets: typeof tickets.api.assignTickets = async (request) => {
    isHeld = true;
    await wayThere.promise;
    const answer = await tickets.api.assignTickets(request);
    await wayBack.promise;
    return answer;
  };
  const slow = await harness.startRouter({ tickets: intercept(tickets.api, { assignTickets }) });
  const { offerId, ticketId } = await harness.decisionOn(await call(harness, { receivedTime: new Date() }));
  const twice = slow.agents.acceptOffer({ offerId, agentId: 'ann' });
  await until('the slow answer', () => isHeld);
  const router = await harness.startRouter();
  await router.agents.acceptOffer({ offerId, agentId: 'ann' });
  tickets.unassign(ticketId);
  wayThere.resolve();
  wayBack.resolve();
  expect((await twice).state).toBe(accepted);
  const { decisions } = await router.routing.listDecisions({ ticketId });
  expect(decisions.filter(({ offerId: of, trigger }) => of === offerId && trigger === offerEnded)).toMatchObject([
    { outcome: DecisionOutcome.DECISION_OUTCOME_ASSIGNED, agentId: 'ann' },
  ]);
});

/** The same object, some of whose functions do otherwise. */
function intercept<T extends object>(target: T, functions: { readonly [Name in keyof T]?: unknown }): T {
  return new Proxy(target, {
    get(object, name) {
      if (Object.hasOwn(functions, name)) return functions[name as keyof T];
      const value: unknown = Reflect.get(object, name);
      return typeof value === 'function' ? value.bind(object) : value;
    },
  });
}
