import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LiveContact } from '../offers/live-contact.ts';
import { type AvailableAgent, byPreference, type Candidate } from './candidates.ts';
import { fillAgent } from './fill-agent.ts';
import { type OwnerRequest, planOwners } from './plan-owners.ts';
import type { Step } from './step.ts';

const nowMs = 1_000_000_000;
const skills = ['hardware', 'software'];
const regions = ['cn', 'emea'];
const languages = ['en', 'zh'];
const agentIds = ['ann', 'bob', 'cho', 'dan', 'eve'];

const agent = (id: string): fc.Arbitrary<AvailableAgent> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(id),
    email: fc.constant(''),
    regions: fc.subarray(regions, { minLength: 1 }),
    languages: fc.subarray(languages, { minLength: 1 }),
    skills: fc
      .tuple(fc.subarray(skills), fc.integer({ min: 1, max: 5 }))
      .map(([names, proficiency]) => names.map((skill) => ({ skill, proficiency }))),
    tier: fc.integer({ min: 1, max: 3 }),
    capacityUnits: fc.integer({ min: 0, max: 60 }),
    timeZone: fc.constant('UTC'),
    shifts: fc.constant([]),
    callAddress: fc.constantFrom('', 'client:x'),
    presence: fc.constantFrom('online', 'online', 'online', 'away', 'offline'),
    loadUnits: fc.integer({ min: 0, max: 70 }),
    work: fc.constant([]),
    unconfirmed: fc.constant([]),
    lastAssignedAtMs: fc.integer({ min: 0, max: nowMs }),
    onShift: fc.boolean(),
  });

const agents = fc.tuple(...agentIds.map(agent)).chain((all) => fc.subarray(all));

const step = (index: number, last: boolean): fc.Arbitrary<Step> =>
  fc
    .record({
      skills: fc.subarray(skills).map((names) => names.map((skill) => ({ skill, proficiency: 2 }))),
      regions: fc.subarray(regions),
      language: fc.constantFrom('', ...languages),
      tier: fc.constantFrom(0, 0, 1, 2),
      agentIds: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.subarray(agentIds)),
      skipWhenNobodyPresent: fc.boolean(),
    })
    .map((needs) => ({ index, needsKey: JSON.stringify(needs), expiresAfterMs: last ? 0 : 1000, ...needs }));

const live: fc.Arbitrary<LiveContact> = fc
  .subarray(agentIds)
  .chain((passed) => fc.record({ passed: fc.constant(passed), needsCallAddress: fc.boolean() }))
  .map(({ passed, needsCallAddress }) => ({
    channel: 'phone',
    account: 'hotline',
    conversationKey: 'call',
    messageId: 'm',
    arrivedAtMs: nowMs,
    terms: { timeoutMs: 1, notAnsweringAfter: 1, needsCallAddress, askAgainAfterMs: 0, whenCustomerLeaves: 'assign' },
    passed: passed.map((agentId) => ({ agentId, reason: 'declined', atMs: nowMs })),
  }));

const request = (ticketId: string): fc.Arbitrary<OwnerRequest> =>
  fc
    .record({
      ticketId: fc.constant(ticketId),
      customerId: fc.constantFrom('', 'c1', 'c2'),
      steps: fc.tuple(step(0, false), step(1, true)),
      stepIndex: fc.constantFrom(0, 1),
      units: fc.constantFrom(10, 25, 100),
      score: fc.integer({ min: 0, max: 1000 }),
      runningProblemOwnerId: fc.constantFrom('', '', ...agentIds),
      adviserId: fc.constantFrom('', '', ...agentIds),
      excludedAgentIds: fc.subarray(agentIds, { maxLength: 2 }),
      live: fc.option(live, { nil: undefined }),
    })
    .map(({ live: contact, ...rest }) => (contact === undefined ? rest : { ...rest, live: contact }));

const requests = fc
  .integer({ min: 0, max: 20 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => request(`t${index}`))));

describe('planning', () => {
  test('I5: never plans an agent above capacity, nor one who is away, off shift or unsuited', () => {
    fc.assert(
      fc.property(requests, agents, (wanted, all) => {
        const loads = new Map(all.map(({ id, loadUnits }) => [id, loadUnits]));
        for (const { request: ticket, agentId, stepIndex } of planOwners(wanted, all, nowMs)) {
          const owner = all.find(({ id }) => id === agentId);
          if (owner === undefined) continue;
          const load = (loads.get(owner.id) ?? 0) + ticket.units;
          loads.set(owner.id, load);
          expect(load).toBeLessThanOrEqual(owner.capacityUnits);
          expect([owner.presence, owner.onShift]).toEqual(['online', true]);
          const needs = ticket.steps[stepIndex];
          expect(needs?.tier === 0 || needs?.tier === owner.tier).toBe(true);
          expect(needs?.language === '' || owner.languages.includes(needs?.language ?? '')).toBe(true);
        }
      }),
    );
  });

  test('never plans a live contact for an agent who let it pass or who cannot be rung, whatever the step', () => {
    fc.assert(
      fc.property(requests, agents, (wanted, all) => {
        for (const { request: ticket, agentId } of planOwners(wanted, all, nowMs)) {
          const owner = all.find(({ id }) => id === agentId);
          if (owner === undefined || ticket.live === undefined) continue;
          expect(ticket.live.passed.map((each) => each.agentId)).not.toContain(owner.id);
          expect(ticket.live.terms.needsCallAddress && owner.callAddress === '').toBe(false);
        }
      }),
    );
  });

  test('explains every agent: who qualifies has a rank, who is left out a reason', () => {
    fc.assert(
      fc.property(requests, agents, (wanted, all) => {
        for (const { candidates, agentId } of planOwners(wanted, all, nowMs)) {
          expect(candidates.map((candidate) => candidate.agentId).sort()).toEqual(all.map(({ id }) => id).sort());
          for (const { qualified, rank, reason } of candidates) {
            expect(qualified ? rank > 0 && reason === '' : rank === 0 && reason !== '').toBe(true);
          }
          expect(candidates.find(({ rank }) => rank === 1)?.agentId).toBe(agentId);
        }
      }),
    );
  });

  test('I8: the same input gives the same decisions, in whatever order it comes', () => {
    fc.assert(
      fc.property(requests, agents, (wanted, all) => {
        expect(planOwners([...wanted].reverse(), all, nowMs)).toEqual(planOwners(wanted, all, nowMs));
      }),
    );
  });

  test('the better score is planned first', () => {
    fc.assert(
      fc.property(requests, agents, (wanted, all) => {
        const plans = planOwners(wanted, all, nowMs);
        const scores = plans.map(({ request: { score } }) => score);
        expect(scores).toEqual([...scores].sort((a, b) => a - b));
      }),
    );
  });

  test('two problems of one customer in one batch go to one agent', () => {
    const two = ['t1', 't2'].map((ticketId) => ({ ...sample(), ticketId, customerId: 'c1' }));
    const plans = planOwners(two, [person('ann'), person('bob')], nowMs);
    expect(plans.map(({ agentId }) => agentId)).toEqual(['ann', 'ann']);
  });

  test('a step that nobody present fits is passed over when it says so, else it is waited for', () => {
    const absent = { ...person('ann'), presence: 'away' as const };
    const widest = { ...plainStep(1), needsKey: 'any' };
    const narrow = { ...plainStep(0), needsKey: 'named', agentIds: ['ann'] };
    const plan = (skipWhenNobodyPresent: boolean) =>
      planOwners(
        [{ ...sample(), steps: [{ ...narrow, skipWhenNobodyPresent }, widest] }],
        [absent, person('bob')],
        nowMs,
      )[0];
    expect(plan(true)).toMatchObject({ agentId: 'bob', stepIndex: 1 });
    expect(plan(false)).toMatchObject({ agentId: undefined, stepIndex: 0 });
  });
});

describe('the order of preference', () => {
  const candidate = fc.record({
    agentId: fc.constantFrom(...agentIds),
    qualified: fc.constant(true),
    reason: fc.constant(''),
    runningProblemOwner: fc.boolean(),
    namedAdviser: fc.boolean(),
    proficiency: fc.integer({ min: 0, max: 3 }),
    relativeLoad: fc.constantFrom(0, 0.5, 1),
    idleMs: fc.constantFrom(0, 1000),
    rank: fc.constant(0),
  });

  test('is total: two different agents are never equal, and it is transitive', () => {
    fc.assert(
      fc.property(candidate, candidate, candidate, (a, b, c) => {
        if (a.agentId !== b.agentId) expect(Math.sign(byPreference(a, b))).toBe(-Math.sign(byPreference(b, a)));
        if (a.agentId === b.agentId || b.agentId === c.agentId || a.agentId === c.agentId) return;
        if (byPreference(a, b) < 0 && byPreference(b, c) < 0) expect(byPreference(a, c)).toBeLessThan(0);
      }),
    );
  });

  test('is running problem, adviser, proficiency, load, idleness, id', () => {
    const base: Candidate = {
      agentId: 'm',
      qualified: true,
      reason: '',
      runningProblemOwner: false,
      namedAdviser: false,
      proficiency: 3,
      relativeLoad: 0.5,
      idleMs: 1000,
      rank: 0,
    };
    const order: Candidate[] = [
      { ...base, agentId: 'z', runningProblemOwner: true, proficiency: 0, relativeLoad: 1, idleMs: 0 },
      { ...base, agentId: 'y', namedAdviser: true, proficiency: 0, relativeLoad: 1, idleMs: 0 },
      { ...base, agentId: 'x', proficiency: 4, relativeLoad: 1, idleMs: 0 },
      { ...base, agentId: 'w', relativeLoad: 0.1, idleMs: 0 },
      { ...base, agentId: 'v', idleMs: 2000 },
      { ...base, agentId: 'a' },
      base,
    ];
    expect([...order].reverse().sort(byPreference)).toEqual(order);
  });
});

describe('filling an agent with waiting work', () => {
  test('takes it in order, as much as fits, and keeps the room for the first that does not', () => {
    const work = fc.array(fc.record({ units: fc.constantFrom(10, 25, 100), score: fc.integer() }));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), work, (freeUnits, waiting) => {
        const { taken, heldForScore } = fillAgent(freeUnits, waiting);
        expect(taken).toEqual(waiting.slice(0, taken.length));
        expect(taken.reduce((sum, { units }) => sum + units, 0)).toBeLessThanOrEqual(freeUnits);
        expect(heldForScore).toBe(waiting[taken.length]?.score);
      }),
    );
  });
});

function plainStep(index: number): Step {
  return {
    index,
    needsKey: '',
    skills: [],
    regions: [],
    language: '',
    tier: 0,
    agentIds: [],
    expiresAfterMs: 0,
    skipWhenNobodyPresent: true,
  };
}

function sample(): OwnerRequest {
  return {
    ticketId: 't',
    customerId: '',
    steps: [plainStep(0)],
    stepIndex: 0,
    units: 10,
    score: 0,
    runningProblemOwnerId: '',
    adviserId: '',
    excludedAgentIds: [],
  };
}

function person(id: string): AvailableAgent {
  return {
    id,
    name: id,
    email: '',
    regions: ['cn'],
    languages: ['en'],
    skills: [],
    tier: 1,
    capacityUnits: 100,
    timeZone: 'UTC',
    shifts: [],
    callAddress: '',
    presence: 'online',
    loadUnits: 0,
    work: [],
    unconfirmed: [],
    onShift: true,
  };
}
