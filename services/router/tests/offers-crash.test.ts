import { DecisionOutcome, DecisionTrigger, OfferState } from '@tributary/contracts';
import { ManualClock, until } from '@tributary/testing';
import { describe, expect, test } from 'vitest';
import type { RouterService } from '../src/service.ts';
import { Fuse } from './fuse.ts';
import { type Harness, smallPolicy, startHarness } from './harness.ts';
import { call, leave, settled } from './offers-suite.ts';
import { expectConsistent } from './routing-suite.ts';

const { OFFER_STATE_PENDING: pending, OFFER_STATE_ACCEPTED: accepted } = OfferState;
const offered = DecisionOutcome.DECISION_OUTCOME_OFFERED;
const offerEnded = DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED;

describe.each(['before', 'after'] as const)('I5: a router killed %s any call to the outside', (moment) => {
  test('leaves every offered call with one owner, no room reserved for nothing, and every state of every offer told', {
    timeout: 240_000,
  }, async () => {
    let survived = 0;
    let kills = 0;
    // Until the scenario has run through three times: then no call is left to be killed at.
    for (let callNumber = 1; survived < 3; callNumber++) {
      if (await killAt(callNumber, moment)) kills++;
      else survived++;
    }
    expect(kills).toBeGreaterThan(40);
  });
});

/**
 * Two agents with room for one call each. Of three calls one is declined and then accepted by the next agent, one is left by its
 * customer, one waits and times out; whatever the killed router did not see to, another one does.
 */
async function killAt(callNumber: number, moment: 'before' | 'after'): Promise<boolean> {
  const clock = new ManualClock();
  const policy = smallPolicy([{ id: 'ann' }, { id: 'bob' }], '{ phone: { timeout: 20s, not_answering_after: never } }');
  await using harness = await startHarness({ clock, policy });
  const fuse = new Fuse();
  const doomed = await harness.startRouter({
    docStore: fuse.guardStore(harness.docStore),
    eventLog: fuse.guardLog(harness.eventLog),
    tickets: fuse.guard(harness.tickets.api),
  });
  fuse.arm(callNumber, moment);
  await play(harness, clock, doomed, () => fuse.blown);
  const { blown } = fuse;
  fuse.arm(1, 'before');
  await doomed.routing.listDecisions({ ticketId: 'any' }).catch(() => undefined);
  await doomed.stop();

  const router = await harness.startRouter();
  const what = `call ${callNumber} (${moment})`;
  await until('every message on its ticket', () => harness.tickets.tickets.size === 3);
  await until(`every ticket to have had its owner after ${what}`, async () => {
    await acceptAll(router);
    await harness.tellEvents();
    await clock.advance(5000);
    const open = [...harness.tickets.tickets.values()].filter(({ state }) => state < 4);
    for (const { id } of open.filter(({ ownerId }) => ownerId !== '')) harness.tickets.resolve(id);
    return open.length === 0;
  });
  // Claims of the dead one are looked into after a minute, and its decisions told.
  for (let minute = 0; minute < 3; minute++) await clock.advance(60_000);
  await settled(harness);
  await expectConsistent(harness, router);
  const { agents } = await router.agents.listAgents({ presence: 0 });
  await until(`no room to be reserved after ${what}`, async () => {
    await clock.advance(10_000);
    return (await router.agents.listAgents({ presence: 0 })).agents.every(({ loadUnits }) => loadUnits === 0);
  });
  expect(agents, what).toHaveLength(2);
  await expectTold(harness, router, what);
  return blown;
}

/** The scenario, as far as the router lives. */
async function play(harness: Harness, clock: ManualClock, router: RouterService, isDead: () => boolean): Promise<void> {
  const step = (what: string, done: () => unknown) =>
    until(`${what}, or the kill`, async () => isDead() || (await done()));
  const offers = async () => {
    const request = { agentId: '', ticketId: '', states: [pending], pageSize: 0, pageToken: '' };
    return router.agents.listOffers(request).then(
      ({ offers: found }) => found,
      () => [],
    );
  };
  const messages = [];
  for (let count = 0; count < 3; count++) messages.push(await call(harness, { conversationKey: `call${count}` }));
  await step('two offers', async () => (await offers()).length === 2);
  const [declined, left] = await offers();
  if (declined === undefined || left === undefined) return;
  await router.agents.declineOffer({ offerId: declined.id, agentId: '', reason: '' }).catch(() => undefined);
  await leave(harness, left);
  await step('the next offers', async () => (await offers()).some(({ id }) => id !== declined.id && id !== left.id));
  const [next] = (await offers()).filter(({ id }) => id !== declined.id && id !== left.id);
  if (next !== undefined) await router.agents.acceptOffer({ offerId: next.id, agentId: '' }).catch(() => undefined);
  await harness.tellEvents();
  await clock.advance(21_000);
  const idle = async () =>
    (await Promise.all(['router', 'router-tickets', 'router-signals'].map((group) => harness.eventLog.lag(group))))
      .flat()
      .every(({ lag }) => lag === 0);
  await step('the end of the work', idle);
}

async function acceptAll({ agents }: RouterService): Promise<void> {
  const request = { agentId: '', ticketId: '', states: [pending], pageSize: 0, pageToken: '' };
  for (const { id } of (await agents.listOffers(request)).offers) {
    await agents.acceptOffer({ offerId: id, agentId: '' }).catch(() => undefined);
  }
}

/** Every offer was told in each of its states, its end after its beginning, and the decisions of both are there. */
async function expectTold(harness: Harness, router: RouterService, what: string): Promise<void> {
  const request = { agentId: '', ticketId: '', states: [], pageSize: 500, pageToken: '' };
  const { offers } = await router.agents.listOffers(request);
  for (const offer of offers) {
    expect(offer.state, what).not.toBe(pending);
    const told = await until(`the end of offer ${offer.id} to be told after ${what}`, () => {
      const states = harness.offers.filter(({ id }) => id === offer.id).map(({ state }) => state);
      return states.includes(offer.state) && states;
    });
    expect(new Set(told), what).toEqual(new Set([pending, offer.state]));
    const { decisions } = await router.routing.listDecisions({ ticketId: offer.ticketId });
    expect(
      decisions.some(({ id, outcome }) => id === offer.decisionId && outcome === offered),
      what,
    ).toBe(true);
    if (offer.state === accepted) {
      const ends = decisions.filter(
        ({ trigger, outcome, offerId }) => trigger === offerEnded && outcome !== offered && offerId === offer.id,
      );
      expect(ends, what).toMatchObject([
        { outcome: DecisionOutcome.DECISION_OUTCOME_ASSIGNED, agentId: offer.agentId },
      ]);
    }
  }
  for (const { id } of harness.tickets.tickets.values()) {
    expect(
      offers.filter(({ ticketId, state }) => ticketId === id && state === accepted).length,
      what,
    ).toBeLessThanOrEqual(1);
  }
}
