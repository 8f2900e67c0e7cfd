import { DecisionOutcome, DecisionTrigger, Presence } from '@tributary/contracts';
import type { Collection, DocStore, Document, IndexSpec, WriteOperation } from '@tributary/docstore';
import { ManualClock, until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { createAgentStore, openAgentCollection } from '../src/adapters/docstore-agent-store.ts';
import { smallPolicy, startHarness } from './harness.ts';
import { expectConsistent, latestOn } from './routing-suite.ts';

const { DECISION_OUTCOME_ASSIGNED: assigned, DECISION_OUTCOME_WAITING: waiting } = DecisionOutcome;

test('when a step expires the next, wider one counts', async () => {
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'far', regions: ['americas'] }]) });
  await harness.startRouter();
  const first = await harness.decisionOn(await harness.write());
  expect(first).toMatchObject({ outcome: waiting, stepIndex: 0, candidates: [{ reason: 'does not serve emea' }] });
  await clock.advance(59_000);
  expect(harness.decisions).toHaveLength(1);
  await clock.advance(2000);
  expect(await latestOn(harness, first.ticketId, 2)).toMatchObject({
    outcome: assigned,
    agentId: 'far',
    stepIndex: 1,
    trigger: DecisionTrigger.DECISION_TRIGGER_STEP_EXPIRED,
  });
});

test('I6: a step expires also when the router that began it is gone', async () => {
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'far', regions: ['americas'] }]) });
  const first = await harness.startRouter();
  const { ticketId } = await harness.decisionOn(await harness.write());
  await first.stop();
  await clock.advance(120_000);
  await harness.startRouter();
  await until('the second router to look', async () => {
    await clock.advance(1000);
    return harness.tickets.ticket(ticketId).ownerId === 'far';
  });
});

test('work that waits on a wider step goes to whoever fits it when they come', async () => {
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'far', regions: ['americas'] }]) });
  const router = await harness.startRouter();
  await router.agents.setPresence({ id: 'far', presence: Presence.PRESENCE_OFFLINE });
  const { ticketId } = await harness.decisionOn(await harness.write());
  await clock.advance(61_000);
  expect(await latestOn(harness, ticketId, 2)).toMatchObject({ outcome: waiting, stepIndex: 1 });
  await router.agents.setPresence({ id: 'far', presence: Presence.PRESENCE_ONLINE });
  expect(harness.tickets.ticket(ticketId).ownerId).toBe('far');
});

test('G6: work waits for the next shift and is handed out when it begins', async () => {
  const clock = new ManualClock('2026-05-01T06:58:30Z');
  const shifts = '[{ weekdays: [5], start: "09:00", end: "17:00" }]';
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'ann', shifts }]) });
  const router = await harness.startRouter();
  const first = await harness.decisionOn(await harness.write());
  expect(first).toMatchObject({ outcome: waiting, candidates: [{ reason: 'is off shift' }] });
  expect((await router.agents.getAgent({ id: 'ann' })).onShift).toBe(false);
  await clock.advance(29_000);
  await clock.advance(61_000);
  expect(await latestOn(harness, first.ticketId, 2)).toMatchObject({ outcome: assigned, agentId: 'ann' });
  await expectConsistent(harness, router);
});

test('I5: a claim that ticketing never heard of is given back after a minute', async () => {
  const clock = new ManualClock();
  await using harness = await startHarness({ clock, policy: smallPolicy([{ id: 'ann' }]) });
  const router = await harness.startRouter();
  const agents = await harness.docStore.collection('agents');
  await agents.updateOne(
    { _id: 'ann' },
    {
      $inc: { loadUnits: 10, revision: 1 },
      $set: { confirmDueAtMs: clock.now() + 60_000 },
      $push: {
        work: { ticketId: 'ghost', units: 10, sequence: 0 },
        workTicketIds: 'ghost',
        unconfirmed: { ticketId: 'ghost', claimedAtMs: clock.now() },
      },
    },
  );
  await clock.advance(30_000);
  expect((await router.agents.getAgent({ id: 'ann' })).loadUnits).toBe(10);
  await clock.advance(45_000);
  await until('the claim to be gone', async () => (await router.agents.getAgent({ id: 'ann' })).loadUnits === 0);
});

test('an agent freed by another router while work is being put to wait is not left idle', async () => {
  await using harness = await startHarness({ policy: smallPolicy([{ id: 'ann', capacity: 10 }]) });
  const agents = createAgentStore(await openAgentCollection(harness.docStore));
  let freed = false;
  /** Just before the row is written, another router frees ann and finds nothing waiting. */
  const beforeWaiting = async (operations: readonly WriteOperation<Document>[]) => {
    const [held] = harness.tickets.tickets.values();
    if (freed || operations.length === 0 || held === undefined) return;
    freed = true;
    harness.tickets.resolve(held.id);
    await agents.release('ann', [{ ticketId: held.id, sequence: Number(held.lastSequence) }]);
  };
  await harness.startRouter({ docStore: intercept(harness.docStore, 'waiting', beforeWaiting) });
  await harness.decisionOn(await harness.write());
  const second = await harness.decisionOn(await harness.write());
  expect(second.outcome).toBe(waiting);
  expect(await latestOn(harness, second.ticketId, 2)).toMatchObject({ outcome: assigned, agentId: 'ann' });
  expect(freed).toBe(true);
});

/** The store, with something done before each `bulkWrite` of one collection. */
function intercept(
  store: DocStore,
  name: string,
  before: (operations: readonly WriteOperation<Document>[]) => Promise<void>,
): DocStore {
  return {
    async collection<T extends Document>(asked: string, indexes?: readonly IndexSpec[]): Promise<Collection<T>> {
      const collection = await store.collection<T>(asked, indexes);
      if (asked !== name) return collection;
      return new Proxy(collection, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== 'function') return value;
          if (property !== 'bulkWrite') return value.bind(target);
          return async (operations: readonly WriteOperation<Document>[]) => {
            await before(operations);
            return value.call(target, operations) as unknown;
          };
        },
      });
    },
    inOrder: (work) => store.inOrder(work),
    problems: () => store.problems(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
