import { type Agent, holdingsOf } from '../domain/agents/agent.ts';
import { absence, misfit, refusal, soleCandidate } from '../domain/planning/candidates.ts';
import { fillAgent } from '../domain/planning/fill-agent.ts';
import { stepOf } from '../domain/planning/plan-owners.ts';
import type { Needs } from '../domain/planning/step.ts';
import type { Waiting } from '../ports.ts';
import { commitAssignments } from './commit-assignments.ts';
import type { RoutingContext } from './context.ts';
import { type Assignment, decisionId, type Search, toAssignment, toClaim } from './search.ts';

/** Most waiting work looked at in one go. */
const pageSize = 100;
/** An agent whose claims are refused this often in a row is busy with another router, which hands out to them as well. */
const maxRefusals = 10;

/**
 * Gives waiting work, in score order, to agents who may have room now: those who were freed, came on line, came on shift or got
 * more capacity. Doing it again, or at once in two routers, gives nothing away twice.
 */
export async function handOutWaiting(context: RoutingContext, agentIds: readonly string[]): Promise<void> {
  let freed: readonly string[] = agentIds;
  while (freed.length > 0) {
    const assignments = await context.allocating(() => claimWaiting(context, freed));
    ({ freedAgentIds: freed } = await commitAssignments(context, { assignments, waits: [] }));
  }
}

/**
 * To be called while allocating. Claims waiting work for these agents; the caller commits the result.
 * @param before What this allocation has given away already.
 */
export async function claimWaiting(
  context: RoutingContext,
  agentIds: readonly string[],
  before: readonly Assignment[] = [],
): Promise<Assignment[]> {
  if (agentIds.length === 0 || (await context.waiting.isEmpty())) return [];
  const allNeeds = await context.waiting.listNeeds();
  const assignments: Assignment[] = [];
  const given = new Set(before.map(({ search }) => search.ticketId));
  for (const agentId of new Set(agentIds)) {
    const filled = await fill(context, agentId, allNeeds, given);
    assignments.push(...filled);
  }
  return assignments;
}

interface KnownNeeds {
  readonly needsKey: string;
  readonly needs: Needs;
}

/** @param given Tickets that were given away already though they are still in the waiting list; what is given is added. */
async function fill(
  context: RoutingContext,
  agentId: string,
  allNeeds: readonly KnownNeeds[],
  given: Set<string>,
): Promise<Assignment[]> {
  const { agents, waiting, roster, clock, committing } = context;
  const assignments: Assignment[] = [];
  let refusals = 0;
  while (refusals < maxRefusals) {
    const stored = await agents.get(agentId);
    if (stored === undefined) return assignments;
    const agent = roster.note(stored);
    const freeUnits = agent.capacityUnits - agent.loadUnits;
    if (absence(agent) !== '' || freeUnits <= 0) return assignments;

    const keys = allNeeds.filter(({ needs }) => misfit(agent, needs) === '').map(({ needsKey }) => needsKey);
    const found = await waiting.firstOf(keys, pageSize, clock.now());
    const open = found.filter(({ ticketId }) => !committing.has(ticketId) && !given.has(ticketId));
    const suitable = open.filter((work) => suits(work, agent, clock.now()));
    const { taken, heldForScore } = fillAgent(freeUnits, suitable);
    if (heldForScore !== agent.heldForScore) {
      const held = await agents.hold(agentId, heldForScore);
      if (held !== undefined) roster.note(held);
    }
    if (taken.length === 0) return assignments;

    const claimed = await claimLeased(context, agent, taken);
    if (claimed.length === 0) {
      refusals++;
      continue;
    }
    refusals = 0;
    assignments.push(...claimed);
    for (const { search } of claimed) given.add(search.ticketId);
    if (found.length < pageSize && heldForScore === undefined) return assignments;
  }
  return assignments;
}

/** Work that is larger than the agent's whole capacity would keep them idle for ever if it counted for them. */
function suits(work: Waiting, agent: Agent, nowMs: number): boolean {
  const isLastStep = work.stepIndex === work.steps.length - 1;
  return work.units <= agent.capacityUnits && refusal(agent, work, isLastStep, nowMs) === '';
}

/** Leases and claims. Empty when another router was faster or the agent's room is gone. */
async function claimLeased(context: RoutingContext, agent: Agent, taken: readonly Waiting[]): Promise<Assignment[]> {
  const { agents, waiting, roster, clock } = context;
  const leased = await waiting.lease(
    taken.map(({ ticketId }) => ticketId),
    clock.now(),
  );
  const mine = taken.filter(({ ticketId }) => leased.has(ticketId));
  // A claim that a crash left behind counts: claiming once more would take the room twice.
  const ids = mine.map(({ ticketId }) => ticketId);
  const holdings = holdingsOf(await agents.holding(ids), ids);
  const held: Assignment[] = [];
  const free: Waiting[] = [];
  for (const work of mine) {
    const [holder] = holdings.get(work.ticketId) ?? [];
    if (holder === undefined) free.push(work);
    else held.push(toAssignment(searchFor(work, holder.agentId), holder.agentId, holder.offerId, {}, clock.now()));
  }
  if (free.length === 0) return held;
  const claims = free.map((work) => toClaim(searchFor(work, agent.id), agent.id));
  const after = await agents.claim(agent.id, agent.capacityUnits, claims, clock.now());
  if (after === undefined) {
    await waiting.unlease(ids);
    return held;
  }
  roster.note(after);
  const given = free.map((work, index) => {
    const candidates = [soleCandidate(agent, work, stepOf(work), clock.now())];
    return toAssignment(searchFor(work, agent.id), agent.id, claims[index]?.offerId, { candidates }, clock.now());
  });
  return [...held, ...given];
}

function searchFor(work: Waiting, agentId: string): Search {
  return {
    ...work,
    decisionId: decisionId(work.ticketId, 'agent_available', work.decisionId, work.stepIndex, agentId),
    trigger: 'agent_available',
    messageId: '',
    fresh: false,
    waitedBy: work.decisionId,
  };
}
