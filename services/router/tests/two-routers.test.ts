import { DecisionOutcome, Presence } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { smallPolicy, startHarness } from './harness.ts';
import { expectConsistent } from './routing-suite.ts';

test('I5: two routers share messages and agents: nobody is ever above capacity, everybody is served in the end', async () => {
  const policy = smallPolicy([
    { id: 'ann', capacity: 50 },
    { id: 'bob', capacity: 30 },
    { id: 'cho', capacity: 20 },
  ]);
  await using harness = await startHarness({ policy });
  const [router] = await Promise.all([harness.startRouter(), harness.startRouter()]);
  const total = 120;
  await Promise.all(Array.from({ length: total }, () => harness.write()));
  await until('all tickets', () => harness.tickets.tickets.size === total);

  let over = 0;
  await until('every ticket to have had its owner', async () => {
    const { agents } = await router.agents.listAgents({ presence: Presence.PRESENCE_UNSPECIFIED });
    over += agents.filter(({ loadUnits, capacityUnits }) => loadUnits > capacityUnits).length;
    const active = [...harness.tickets.tickets.values()].filter(({ state }) => state < 4);
    for (const { id } of active.filter(({ ownerId }) => ownerId !== '')) harness.tickets.resolve(id);
    await harness.tellEvents();
    return active.length === 0;
  });
  expect(over).toBe(0);
  await expectConsistent(harness, router);
  const served = harness.decisions.filter(({ outcome }) => outcome === DecisionOutcome.DECISION_OUTCOME_ASSIGNED);
  expect(new Set(served.map(({ ticketId }) => ticketId)).size).toBe(total);
});
