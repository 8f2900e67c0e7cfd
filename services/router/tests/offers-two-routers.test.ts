import { DecisionOutcome, OfferState, Presence, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import { ManualClock, until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { smallPolicy, startHarness } from './harness.ts';
import { call, isSettling } from './offers-suite.ts';
import { expectConsistent } from './routing-suite.ts';

const { OFFER_STATE_PENDING: pending, OFFER_STATE_ACCEPTED: accepted } = OfferState;
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
  let declined = 0;
  /** Before the offer's beginning is told, its agent has seen it in the list and declined, and the other router is done with it. */
  const append: EventLog['append'] = async (records) => {
    if (records.some(({ topic }) => topic === topics.offers.name) && declined++ === 0) {
      const [offer] = (await other.agents.listOffers({ ...any, states: [pending] })).offers;
      await other.agents.declineOffer({ offerId: offer?.id ?? '', agentId: 'ann', reason: '' });
      await until('the end to be settled', async () => !(await isSettling(harness)));
    }
    return eventLog.append(records);
  };
  const slow = new Proxy(eventLog, {
    get: (log, name) => (name === 'append' ? append : (Reflect.get(log, name) as () => unknown).bind(log)),
  });
  const router = await harness.startRouter({ eventLog: slow });
  await clock.advance(1000);
  await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE });
  expect(declined).toBeGreaterThan(0);
  const { tickets } = await router.routing.listWaiting({ pageSize: 0, pageToken: '' });
  expect(tickets.map(({ ticketId }) => ticketId)).toEqual([first.ticketId]);
});
