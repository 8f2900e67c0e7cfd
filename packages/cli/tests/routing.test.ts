import { DecisionOutcome, type RoutingDecision, WaitingTicket } from '@tributary/contracts';
import { describe, expect, test } from 'vitest';
import { agent, cli, decision, ticket } from './cli.ts';

describe('explain', () => {
  const fakes = (...decisions: RoutingDecision[]) => ({
    tickets: { getTicket: async () => ticket },
    routing: { listDecisions: async () => ({ decisions }) },
  });

  test('tells the grade with its reasons, the requirement and every candidate, those left out too', async () => {
    const { stdout, calls } = await cli(['explain', '20261122001'], fakes(decision));
    expect(calls['listDecisions'], 'the router knows the id only').toEqual([{ ticketId: 'ticket-1' }]);
    for (const line of [
      'Ticket 20261122001 "Smoke from the battery" is owned by anna.',
      'message m1 came',
      '    type: hardware fault',
      '    severity: urgent, because "smoke" in the text [smoke]',
      '    region: north, because account-region',
      '    skills: hardware 3',
      '    step 1: skills hardware 3; region north; language zh, for 2 min ← this one counted',
      '    step 2: skills hardware 3\n',
      "    1. anna: chosen (owner of the customer's running problem, proficiency 5, load 25 %, idle 3 min)",
      '    2. ben: qualified, not chosen (proficiency 4, load 50 %, idle 1 min)',
      '    – cara: left out: does not speak zh (',
      'Assigned to anna, taking 10 units of capacity.',
      'Policy demo-1',
    ]) {
      expect(stdout).toContain(line);
    }
  });

  test('counts the decisions, and --last prints only the latest', async () => {
    const waiting = {
      ...decision,
      outcome: DecisionOutcome.DECISION_OUTCOME_WAITING,
      agentId: '',
      waitingScore: 42n,
      candidates: [],
    };
    const all = await cli(['explain', '1'], fakes(waiting, decision));
    expect(all.stdout).toContain('Nobody qualified with room: it waits in queue hardware with score 42.');
    expect(all.stdout).toContain('nobody\n');
    expect(all.stdout).toMatch(/Decision 1,[\s\S]*Decision 2,/);
    const last = await cli(['explain', '1', '--last'], fakes(waiting, decision));
    expect(last.stdout).toContain('Decision 2,');
    expect(last.stdout).not.toContain('Decision 1,');
  });

  test('--json has the whole trace', async () => {
    const { stdout } = await cli(['explain', '1', '--json'], fakes(decision));
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ ticketId: 'ticket-1', ticketNumber: '20261122001' });
    expect(result.decisions[0].candidates).toHaveLength(3);
  });
});

test('waiting prints the work in the order in which it is served', async () => {
  const tickets = ['20261122002', '20261122001'].map((number) =>
    WaitingTicket.fromJSON({ ticketNumber: number, queue: 'hardware', since: '2026-11-22T08:55:00Z', stepIndex: 1 }),
  );
  const { stdout, calls } = await cli(['waiting', '--limit', '5'], {
    routing: { listWaiting: async () => ({ tickets, nextPageToken: '' }) },
  });
  expect(calls['listWaiting']).toEqual([{ pageSize: 5, pageToken: '' }]);
  expect(stdout).toMatch(/20261122002 .* 2 +5 min\n20261122001/);
});

describe('agents', () => {
  test('list prints presence, load and skills, all or those with one presence', async () => {
    const { stdout, calls } = await cli(['agents', 'list', '--presence', 'online'], {
      agents: { listAgents: async () => ({ agents: [agent, { ...agent, id: 'zoe', onShift: false, presence: 0 }] }) },
    });
    expect(calls['listAgents']).toEqual([{ presence: 1 }]);
    expect(stdout).toMatch(/^anna +Anna Berg +online +35\/100 +2 +1 +north west +en zh +hardware 5$/m);
    expect(stdout).toMatch(/^zoe +Anna Berg +offline, off shift/m);
  });

  test('show prints everything known', async () => {
    const { stdout } = await cli(['agents', 'show', 'anna'], { agents: { getAgent: async () => agent } });
    expect(stdout).toMatch(/shifts +Mon Tue 09:00–17:00/);
    expect(stdout).toMatch(/work +ticket-1 \(10\), ticket-2 \(25\)/);
  });

  test.each([
    ['online', 1],
    ['away', 2],
    ['offline', 3],
  ])('%s sets the presence of each', async (name, presence) => {
    const { calls, stdout } = await cli(['agents', name, 'anna', 'ben', '--json'], {
      agents: { setPresence: async ({ id }) => ({ ...agent, id }) },
    });
    expect(calls['setPresence']).toEqual([
      { id: 'anna', presence },
      { id: 'ben', presence },
    ]);
    expect(JSON.parse(stdout).agents.map(({ id }: { id: string }) => id)).toEqual(['anna', 'ben']);
  });
});
