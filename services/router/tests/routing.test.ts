import { DecisionOutcome, topics } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { startHarness } from './harness.ts';

test('a message becomes a ticket with an owner, and the decision names every agent looked at', async () => {
  await using harness = await startHarness();
  const router = await harness.startRouter();
  const message = await harness.write({ text: 'My device is broken' });

  const decision = await harness.decisionOn(message);
  expect(decision).toMatchObject({ outcome: DecisionOutcome.DECISION_OUTCOME_ASSIGNED, agentId: 'ann', stepIndex: 0 });
  expect(decision.candidates.map(({ agentId, rank }) => [agentId, rank])).toEqual([
    ['ann', 1],
    ['bob', 2],
  ]);
  expect(harness.tickets.ticket(decision.ticketId).ownerId).toBe('ann');
  const { agents } = await router.agents.listAgents({ presence: 0 });
  expect(agents.map(({ id, loadUnits, work }) => ({ id, loadUnits, work }))).toEqual([
    { id: 'ann', loadUnits: 10, work: { [decision.ticketId]: 10 } },
    { id: 'bob', loadUnits: 0, work: {} },
  ]);
  const { decisions } = await router.routing.listDecisions({ ticketId: decision.ticketId });
  expect(decisions).toEqual([decision]);
});

test('what cannot be decoded and what ticketing refuses goes to the dead letters, the others go on', async () => {
  await using harness = await startHarness();
  await harness.startRouter();
  harness.tickets.refuse = ({ message }) => (message?.subject === 'poison' ? 'subject: is poison' : '');
  await harness.eventLog.append([
    { topic: topics.inbound.name, key: 'k', value: Buffer.from('rubbish'), headers: { ce_id: 'x' } },
  ]);
  await harness.write({ subject: 'poison' });
  const message = await harness.write();
  await harness.decisionOn(message);
  const lettered = await until('two dead letters', async () => {
    const status = (await harness.eventLog.listTopics()).find(({ name }) => name === 'messages.inbound.v1.dlq');
    return status?.records === 2;
  });
  expect(lettered).toBe(true);
  expect(harness.tickets.tickets.size).toBe(1);
});
