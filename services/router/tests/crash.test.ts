import { DecisionOutcome, Presence } from '@tributary/contracts';
import { ManualClock, until } from '@tributary/testing';
import { describe, expect, test } from 'vitest';
import { Fuse } from './fuse.ts';
import { smallPolicy, startHarness } from './harness.ts';
import { expectConsistent } from './routing-suite.ts';

const settled = DecisionOutcome.DECISION_OUTCOME_ASSIGNED;

describe.each(['before', 'after'] as const)('I5: a router killed %s any call to the outside', (moment) => {
  test('leaves every ticket with one owner, every load true, and every decision told', {
    timeout: 120_000,
  }, async () => {
    let survived = 0;
    let kills = 0;
    // Until the scenario has run through three times: then no call is left to be killed at.
    for (let call = 1; survived < 3; call++) {
      if (await killAt(call, moment)) kills++;
      else survived++;
    }
    expect(kills).toBeGreaterThan(20);
  });
});

/** Two agents with room for one ticket each, three tickets; the first is resolved, so that the third is handed out. */
async function killAt(call: number, moment: 'before' | 'after'): Promise<boolean> {
  const clock = new ManualClock();
  const policy = smallPolicy([
    { id: 'ann', capacity: 10 },
    { id: 'bob', capacity: 10 },
  ]);
  await using harness = await startHarness({ clock, policy });
  const fuse = new Fuse();
  const doomed = await harness.startRouter({
    docStore: fuse.guardStore(harness.docStore),
    eventLog: fuse.guardLog(harness.eventLog),
    tickets: fuse.guard(harness.tickets.api),
  });
  fuse.arm(call, moment);
  const messages = [];
  for (let count = 0; count < 3; count++)
    messages.push(await harness.write({ conversationKey: `conversation${count}` }));
  const resolveFirstOwned = async () => {
    const owned = [...harness.tickets.tickets.values()].find(({ ownerId }) => ownerId !== '');
    if (owned === undefined || harness.tickets.tickets.size < 3) return false;
    harness.tickets.resolve(owned.id);
    await harness.tellEvents();
    return true;
  };
  await until('all on tickets, or the kill', async () => fuse.blown || (await resolveFirstOwned()));
  const idle = async () =>
    (await Promise.all(['router', 'router-tickets'].map((group) => harness.eventLog.lag(group))))
      .flat()
      .every(({ lag }) => lag === 0);
  await until('the end of the work, or the kill', async () => fuse.blown || (await idle()));
  const { blown } = fuse;
  fuse.arm(1, 'before');
  await doomed.agents.listAgents({ presence: Presence.PRESENCE_UNSPECIFIED }).catch(() => undefined);
  await doomed.stop();

  const router = await harness.startRouter();
  await until('every message on its ticket', () => harness.tickets.tickets.size === 3);
  if (![...harness.tickets.tickets.values()].some(({ state }) => state >= 4))
    await until('one resolved', resolveFirstOwned);
  const what = `call ${call} (${moment})`;
  await until(`every active ticket to have an owner after ${what}`, async () => {
    await harness.tellEvents();
    await clock.advance(5000);
    return [...harness.tickets.tickets.values()].every(({ ownerId, state }) => ownerId !== '' || state >= 4);
  });
  await until('the log to be worked off', idle);
  // Claims of the dead one are looked into after a minute, and its decisions told.
  for (let minute = 0; minute < 3; minute++) await clock.advance(60_000);
  await expectConsistent(harness, router);
  for (const message of messages) await harness.decisionOn(message);
  for (const { id, ownerId } of harness.tickets.tickets.values()) {
    await until(`the assignment of ${id} to be told after ${what}`, () =>
      harness.decisions.some((each) => each.ticketId === id && each.outcome === settled && each.agentId === ownerId),
    );
  }
  const { tickets } = await router.routing.listWaiting({ pageSize: 0, pageToken: '' });
  expect(tickets, what).toEqual([]);
  return blown;
}
