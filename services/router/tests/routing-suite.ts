import { DecisionOutcome, DecisionTrigger, Presence, type RoutingDecision, topics } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { until } from '@tributary/testing';
import { describe, expect, test } from 'vitest';
import type { RouterService } from '../src/service.ts';
import { type Harness, smallPolicy, startHarness } from './harness.ts';

const { DECISION_OUTCOME_ASSIGNED: assigned, DECISION_OUTCOME_WAITING: waiting } = DecisionOutcome;

/** What a router promises on any log and store. */
export function describeRouting(
  name: string,
  open: () => Promise<{ readonly eventLog?: EventLog; readonly docStore?: DocStore }>,
): void {
  const start = async (policy = smallPolicy()) => startHarness({ ...(await open()), policy });
  const oneAgent = (capacity: number) => smallPolicy([{ id: 'ann', capacity }]);

  describe(`routing on ${name}`, () => {
    test('a message becomes a ticket with an owner, and the decision names every agent looked at', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const message = await harness.write({ text: 'My device is broken' });

      const decision = await harness.decisionOn(message);
      expect(decision).toMatchObject({ outcome: assigned, agentId: 'ann', stepIndex: 0, capacityUnits: 10 });
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

    test('I4: what can never become a message on a ticket goes to the dead letters, the others go on', async () => {
      await using harness = await start();
      await harness.startRouter();
      harness.tickets.refuse = ({ message }) => (message?.subject === 'poison' ? 'subject: is poison' : '');
      await harness.eventLog.append([
        { topic: topics.inbound.name, key: 'k', value: Buffer.from('rubbish'), headers: { ce_id: 'x' } },
      ]);
      await harness.write({ subject: 'poison' });
      await harness.decisionOn(await harness.write());
      await until('two dead letters', async () => {
        const topic = (await harness.eventLog.listTopics()).find((each) => each.name === 'messages.inbound.v1.dlq');
        return topic?.records === 2;
      });
      expect(harness.tickets.tickets.size).toBe(1);
    });

    test('G3: a further message of an owned ticket leaves it with its owner', async () => {
      await using harness = await start();
      await harness.startRouter();
      const first = await harness.decisionOn(await harness.write({ conversationKey: 'c' }));
      const second = await harness.decisionOn(await harness.write({ conversationKey: 'c' }));
      expect(second).toMatchObject({
        ticketId: first.ticketId,
        outcome: DecisionOutcome.DECISION_OUTCOME_KEPT_OWNER,
        agentId: first.agentId,
      });
    });

    test('the owner of the customer’s running problem comes first', async () => {
      await using harness = await start(smallPolicy([{ id: 'ann', skills: { hardware: 5 } }, { id: 'bob' }]));
      await harness.startRouter();
      const sender = { kind: 'email', address: 'c@example.com', displayName: '', verification: 2 } as const;
      const software = await harness.decisionOn(await harness.write({ sender, text: 'the app crashes' }));
      expect(software.agentId).toBe('bob');
      const hardware = await harness.decisionOn(await harness.write({ sender, text: 'it is broken' }));
      expect(hardware.agentId).toBe('bob');
      expect(hardware.candidates[0]).toMatchObject({ agentId: 'bob', runningProblemOwner: true });
    });

    test('work waits when nobody has room and is handed out, best score first, when a ticket is resolved', async () => {
      await using harness = await start(oneAgent(10));
      const router = await harness.startRouter();
      const held = await harness.decisionOn(await harness.write());
      const normal = await harness.decisionOn(await harness.write());
      const urgent = await harness.decisionOn(await harness.write({ text: 'smoke, it is broken' }));
      expect([normal, urgent].map(({ outcome }) => outcome)).toEqual([waiting, waiting]);
      expect(normal.candidates).toMatchObject([{ reason: 'has no room: 10 of 10 units in use, 10 needed' }]);
      const list = await router.routing.listWaiting({ pageSize: 1, pageToken: '' });
      expect(list.tickets.map(({ ticketId }) => ticketId)).toEqual([urgent.ticketId]);
      const rest = await router.routing.listWaiting({ pageSize: 1, pageToken: list.nextPageToken });
      expect(rest).toMatchObject({ tickets: [{ ticketId: normal.ticketId }], nextPageToken: '' });

      harness.tickets.resolve(held.ticketId);
      await harness.tellEvents();
      const decision = await latestOn(harness, urgent.ticketId, 2);
      expect(decision).toMatchObject({
        outcome: assigned,
        agentId: 'ann',
        trigger: DecisionTrigger.DECISION_TRIGGER_AGENT_AVAILABLE,
        candidates: [{ agentId: 'ann', qualified: true, rank: 1 }],
      });
      expect(harness.tickets.ticket(normal.ticketId).ownerId).toBe('');
      await expectConsistent(harness, router);
    });

    test('coming on line hands out waiting work at once', async () => {
      await using harness = await start(oneAgent(100));
      const router = await harness.startRouter();
      await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_AWAY });
      const decision = await harness.decisionOn(await harness.write());
      expect(decision).toMatchObject({ outcome: waiting, candidates: [{ reason: 'is away' }] });
      const ann = await router.agents.setPresence({ id: 'ann', presence: Presence.PRESENCE_ONLINE });
      expect(ann.work).toEqual({ [decision.ticketId]: 10 });
      expect(harness.tickets.ticket(decision.ticketId).ownerId).toBe('ann');
    });

    test('more capacity hands out waiting work at once', async () => {
      await using harness = await start(oneAgent(0));
      const router = await harness.startRouter();
      const decision = await harness.decisionOn(await harness.write());
      const ann = await router.agents.getAgent({ id: 'ann' });
      const after = await router.agents.putAgent({ agent: { ...ann, capacityUnits: 10 } });
      expect(after.work).toEqual({ [decision.ticketId]: 10 });
    });

    test('an escalated ticket frees its owner and goes to the next tier', async () => {
      await using harness = await start(smallPolicy([{ id: 'ann' }, { id: 'expert', tier: 2 }]));
      const router = await harness.startRouter();
      const first = await harness.decisionOn(await harness.write());
      expect(first.agentId).toBe('ann');
      harness.tickets.escalate(first.ticketId);
      await harness.tellEvents();
      const second = await latestOn(harness, first.ticketId, 2);
      expect(second).toMatchObject({
        outcome: assigned,
        agentId: 'expert',
        trigger: DecisionTrigger.DECISION_TRIGGER_TICKET_CHANGED,
      });
      await expectConsistent(harness, router);
    });

    test('a ticket given back goes to somebody else', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const first = await harness.decisionOn(await harness.write());
      harness.tickets.unassign(first.ticketId);
      await harness.tellEvents();
      const second = await latestOn(harness, first.ticketId, 2);
      expect(second).toMatchObject({ outcome: assigned, agentId: 'bob' });
      expect(second.candidates[1]).toMatchObject({ agentId: 'ann', reason: 'gave this ticket back' });
      await expectConsistent(harness, router);
    });

    test('a ticket that a person gives to somebody moves there with its units, also above capacity', async () => {
      await using harness = await start(smallPolicy([{ id: 'ann' }, { id: 'bob', capacity: 5 }]));
      const router = await harness.startRouter();
      const { ticketId } = await harness.decisionOn(await harness.write());
      harness.tickets.assign(ticketId, 'bob');
      await harness.tellEvents();
      await until('bob to hold it', async () => (await router.agents.getAgent({ id: 'bob' })).loadUnits === 10);
      expect((await router.agents.getAgent({ id: 'ann' })).work).toEqual({});
      await expectConsistent(harness, router);
    });

    test('a pending ticket keeps its units, a reopened one takes them again', async () => {
      await using harness = await start(oneAgent(10));
      const router = await harness.startRouter();
      const { ticketId } = await harness.decisionOn(await harness.write());
      const loadIs = (units: number) =>
        until(`a load of ${units}`, async () => (await router.agents.getAgent({ id: 'ann' })).loadUnits === units);
      harness.tickets.setPending(ticketId);
      harness.tickets.resolve(ticketId);
      await harness.tellEvents();
      await loadIs(0);
      harness.tickets.reopen(ticketId);
      harness.tickets.setPending(ticketId);
      await harness.tellEvents();
      await loadIs(10);
      await expectConsistent(harness, router);
    });

    test('a ticket resolved while it waits waits no longer', async () => {
      await using harness = await start(oneAgent(0));
      const router = await harness.startRouter();
      const { ticketId } = await harness.decisionOn(await harness.write());
      harness.tickets.resolve(ticketId);
      await harness.tellEvents();
      await until('an empty list', async () => {
        const { tickets } = await router.routing.listWaiting({ pageSize: 0, pageToken: '' });
        return tickets.length === 0;
      });
    });

    test('a chat that needs more room is not starved by the mails behind it', async () => {
      await using harness = await start(oneAgent(30));
      const router = await harness.startRouter();
      const mails: RoutingDecision[] = [];
      for (let count = 0; count < 3; count++) mails.push(await harness.decisionOn(await harness.write()));
      const receivedTime = new Date('2026-05-01T07:00:00Z');
      const chat = await harness.decisionOn(await harness.write({ channel: 'chat', receivedTime }));
      expect(chat.outcome).toBe(waiting);
      const resolveMail = async (index: number) => {
        harness.tickets.resolve(mails[index]?.ticketId ?? '');
        await harness.tellEvents();
      };
      await resolveMail(0);
      await until('ann to be held', async () => (await router.agents.getAgent({ id: 'ann' })).loadUnits === 20);
      const late = await harness.decisionOn(await harness.write());
      expect(late.outcome).toBe(waiting);
      await resolveMail(1);
      await resolveMail(2);
      expect(await latestOn(harness, chat.ticketId, 2)).toMatchObject({ outcome: assigned, agentId: 'ann' });
      await expectConsistent(harness, router);
    });

    test('I5: the same message again changes nothing and tells the same decision', async () => {
      await using harness = await start();
      const router = await harness.startRouter();
      const message = await harness.write();
      const first = await harness.decisionOn(message);
      await harness.append(topics.inbound, message, message);
      await until('it to be told again', () => harness.decisions.length >= 2);
      await harness.decisionOn(await harness.write());
      const again = harness.decisions.filter(({ messageId }) => messageId === message.id);
      expect(new Set(again.map(({ id }) => id))).toEqual(new Set([first.id]));
      expect(again.every(({ outcome }) => outcome === assigned)).toBe(true);
      await expectConsistent(harness, router);
    });

    test('I5: many messages in one batch fill every agent to the brim and no further', async () => {
      await using harness = await start(
        smallPolicy([
          { id: 'ann', capacity: 105 },
          { id: 'bob', capacity: 95 },
        ]),
      );
      const router = await harness.startRouter();
      const messages = await Promise.all(Array.from({ length: 50 }, () => harness.write()));
      const decisions = await Promise.all(messages.map((message) => harness.decisionOn(message)));
      expect(decisions.filter(({ outcome }) => outcome === assigned)).toHaveLength(19);
      expect(decisions.filter(({ outcome }) => outcome === waiting)).toHaveLength(31);
      const { agents } = await router.agents.listAgents({ presence: Presence.PRESENCE_ONLINE });
      expect(agents.map(({ loadUnits }) => loadUnits)).toEqual([100, 90]);
      await expectConsistent(harness, router);
    });
  });
}

/** The newest decision on a ticket once there are so many. */
export function latestOn(harness: Harness, ticketId: string, count: number): Promise<RoutingDecision> {
  return until(`decision ${count} on ${ticketId}`, () => {
    const made = new Map(harness.decisions.filter((each) => each.ticketId === ticketId).map((each) => [each.id, each]));
    return made.size >= count && [...made.values()].at(-1);
  });
}

/**
 * I5: every load is the sum of its work, and every ticket with an owner is held by that owner alone.
 * @param offeredTo By ticket, to whom it is being offered.
 */
export async function expectConsistent(
  harness: Harness,
  router: RouterService,
  offeredTo: Readonly<Record<string, string>> = {},
): Promise<void> {
  await harness.tellEvents();
  await until('events to be followed', async () => {
    const lag = await harness.eventLog.lag('router-tickets');
    return lag.every((partition) => partition.lag === 0);
  });
  const { agents } = await router.agents.listAgents({ presence: 0 });
  for (const { loadUnits, work } of agents) {
    expect(loadUnits).toBe(Object.values(work).reduce((sum, units) => sum + units, 0));
  }
  for (const { id, ownerId, state } of harness.tickets.tickets.values()) {
    const holders = agents.filter(({ work }) => work[id] !== undefined).map((agent) => agent.id);
    const holder = ownerId === '' ? offeredTo[id] : ownerId;
    expect(holders, `holders of ${id}`).toEqual(holder !== undefined && state < 4 ? [holder] : []);
  }
}
