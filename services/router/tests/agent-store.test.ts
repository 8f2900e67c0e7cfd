import { openEmbeddedStore } from '@tributary/docstore/embedded';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AgentDocument, createAgentStore, openAgentCollection } from '../src/adapters/docstore-agent-store.ts';
import type { Agent, AgentProfile } from '../src/domain/agents/agent.ts';

const profile = (id: string, capacityUnits: number): AgentProfile => ({
  id,
  name: id,
  email: '',
  regions: ['emea'],
  languages: ['en'],
  skills: [],
  tier: 1,
  capacityUnits,
  timeZone: 'UTC',
  shifts: [],
  callAddress: '',
});
const sumOfWork = ({ work }: Agent) => work.reduce((sum, { units }) => sum + units, 0);

const operation = fc.record({
  kind: fc.constantFrom('claim', 'claim', 'claim', 'release', 'confirm', 'renew'),
  agentId: fc.constantFrom('ann', 'bob'),
  tickets: fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
  units: fc.constantFrom(10, 25),
  sequence: fc.integer({ min: 0, max: 3 }),
});

test('I5: with two routers on one store and 1,000 claims and releases at once no agent is ever above capacity, and every load is the sum of its work', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 1000, maxLength: 1000 }), async (operations) => {
      await using docStore = await openEmbeddedStore({ folder: ':memory:' });
      const routers = await Promise.all([1, 2].map(async () => createAgentStore(await openAgentCollection(docStore))));
      for (const id of ['ann', 'bob']) await routers[0]?.seed(profile(id, 100), 'online');
      const check = (agent: Agent | undefined) => {
        if (agent === undefined) return;
        expect(agent.loadUnits).toBe(sumOfWork(agent));
        expect(agent.loadUnits).toBeLessThanOrEqual(agent.capacityUnits);
      };
      let claimed = 0;
      const run = async ({ kind, agentId, tickets, units, sequence }: (typeof operations)[number], index: number) => {
        const store = routers[index % 2];
        const claims = tickets.map((ticket) => ({ ticketId: `t${ticket}`, units, sequence }));
        if (kind === 'claim') {
          const after = await store?.claim(agentId, 100, claims, index);
          if (after !== undefined) claimed++;
          check(after);
        } else if (kind === 'release') check(await store?.release(agentId, claims));
        else if (kind === 'confirm')
          check(
            await store?.confirm(
              agentId,
              claims.map(({ ticketId }) => ticketId),
            ),
          );
        else check(await store?.renew(agentId, claims, index));
      };
      // Ten at a time, so that they overlap.
      for (let from = 0; from < operations.length; from += 10) {
        await Promise.all(operations.slice(from, from + 10).map((each, at) => run(each, from + at)));
      }
      expect(claimed).toBeGreaterThan(10);
      const ids = (await docStore.collection('agents')).find({});
      for (const document of await ids) {
        const { work, workTicketIds } = document as unknown as AgentDocument;
        expect(workTicketIds).toEqual(work.map(({ ticketId }) => ticketId));
      }
    }),
    { numRuns: 5 },
  );
});

test('a late release does not take away a newer claim', async () => {
  await using docStore = await openEmbeddedStore({ folder: ':memory:' });
  const store = createAgentStore(await openAgentCollection(docStore));
  await store.seed(profile('ann', 100), 'online');
  await store.claim('ann', 100, [{ ticketId: 't', units: 10, sequence: 5 }], 0);
  expect((await store.release('ann', [{ ticketId: 't', sequence: 4 }]))?.loadUnits).toBe(10);
  expect((await store.release('ann', [{ ticketId: 't', sequence: 5 }]))?.loadUnits).toBe(0);
});

test('a claim is all or nothing, and refused to whoever is not online or had their capacity changed', async () => {
  await using docStore = await openEmbeddedStore({ folder: ':memory:' });
  const store = createAgentStore(await openAgentCollection(docStore));
  await store.seed(profile('ann', 100), 'online');
  const claim = (ticketId: string, units: number) => ({ ticketId, units, sequence: 0 });
  expect(await store.claim('ann', 100, [claim('a', 60), claim('b', 60)], 0)).toBeUndefined();
  expect(await store.claim('ann', 200, [claim('a', 60), claim('b', 60)], 0)).toBeUndefined();
  expect((await store.claim('ann', 100, [claim('a', 60), claim('b', 40)], 0))?.loadUnits).toBe(100);
  await store.release('ann', [{ ticketId: 'a', sequence: 0 }]);
  await store.setPresence('ann', 'away', 0);
  expect(await store.claim('ann', 100, [claim('c', 10)], 0)).toBeUndefined();
});

test('while room is held for waiting work, only work that comes before it is let in', async () => {
  await using docStore = await openEmbeddedStore({ folder: ':memory:' });
  const store = createAgentStore(await openAgentCollection(docStore));
  await store.seed(profile('ann', 100), 'online');
  await store.hold('ann', 500);
  const claim = (ticketId: string) => [{ ticketId, units: 10, sequence: 0 }];
  expect(await store.claim('ann', 100, claim('a'), 0, 500)).toBeUndefined();
  expect(await store.claim('ann', 100, claim('a'), 0, 499)).toMatchObject({ loadUnits: 10 });
  expect(await store.claim('ann', 100, claim('b'), 0)).toMatchObject({ loadUnits: 20 });
  await store.hold('ann', undefined);
  expect(await store.claim('ann', 100, claim('c'), 0, 500)).toMatchObject({ loadUnits: 30 });
});

test('a profile that a person has put is not replaced by the policy’s', async () => {
  await using docStore = await openEmbeddedStore({ folder: ':memory:' });
  const store = createAgentStore(await openAgentCollection(docStore));
  await store.seed(profile('ann', 100), 'online');
  await store.seed(profile('ann', 110), 'offline');
  expect(await store.get('ann')).toMatchObject({ capacityUnits: 110, presence: 'online' });
  await store.put(profile('ann', 50));
  await store.seed(profile('ann', 100), 'online');
  expect(await store.get('ann')).toMatchObject({ capacityUnits: 50, presence: 'online' });
  expect(await store.put(profile('new', 50))).toMatchObject({ presence: 'offline', loadUnits: 0 });
});
