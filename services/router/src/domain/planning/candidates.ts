import type { Agent } from '../agents/agent.ts';
import { type LiveContact, passedOver } from '../offers/live-contact.ts';
import type { Needs, Step } from './step.ts';

/** An agent as planning sees them. */
export interface AvailableAgent extends Agent {
  readonly onShift: boolean;
}

/** One agent who was looked at, with what decided about them. */
export interface Candidate {
  readonly agentId: string;
  readonly qualified: boolean;
  /** Why they were left out, in words. Empty for whoever qualified. */
  readonly reason: string;
  readonly runningProblemOwner: boolean;
  readonly namedAdviser: boolean;
  /** Sum of their proficiency over the needed skills. */
  readonly proficiency: number;
  /** Load before, 0 to 1; above 1 after a person gave them more than they have room for. */
  readonly relativeLoad: number;
  /** Milliseconds since their last ticket; since the epoch when they never got one. */
  readonly idleMs: number;
  /** 1 is the best. 0 when not qualified. */
  readonly rank: number;
}

/** What a ticket asks for, as ranking sees it. */
export interface Wish {
  readonly units: number;
  readonly score: number;
  /** Empty when there is none. */
  readonly runningProblemOwnerId: string;
  /** Empty when there is none. */
  readonly adviserId: string;
  /** Agents who gave the ticket back. */
  readonly excludedAgentIds: readonly string[];
  /** Present: the customer is there now and the ticket is offered, not assigned. */
  readonly live?: LiveContact;
}

/** Why the agent does not meet the needs by who they are, in words; empty when they do. */
export function misfit(agent: Agent, needs: Needs): string {
  if (needs.agentIds.length > 0 && !needs.agentIds.includes(agent.id)) return 'is not among the agents this step names';
  if (needs.tier !== 0 && agent.tier !== needs.tier) return `is of tier ${agent.tier}, tier ${needs.tier} is needed`;
  for (const { skill, proficiency } of needs.skills) {
    const has = proficiencyIn(agent, skill);
    if (has === 0) return `lacks the skill ${skill}`;
    if (has < proficiency) return `has ${skill} ${has}, ${proficiency} is needed`;
  }
  if (needs.language !== '' && !agent.languages.includes(needs.language)) return `does not speak ${needs.language}`;
  if (needs.regions.length > 0 && !agent.regions.some((region) => needs.regions.includes(region))) {
    return `does not serve ${needs.regions.join(' or ')}`;
  }
  return '';
}

/** Why the agent takes no new work now, whatever it is; empty when they do. */
export function absence(agent: AvailableAgent): string {
  if (agent.presence !== 'online') return `is ${agent.presence.replace('_', ' ')}`;
  return agent.onShift ? '' : 'is off shift';
}

/** Why the agent is left out for what they did with this very ticket or contact, in words; empty when they are not. */
export function refusal(agent: Agent, wish: Wish, isLastStep: boolean, nowMs: number): string {
  if (!isLastStep && wish.excludedAgentIds.includes(agent.id)) return 'gave this ticket back';
  return wish.live === undefined ? '' : passedOver(agent, wish.live, nowMs);
}

function noRoom(agent: AvailableAgent, loadUnits: number, { units, score }: Wish): string {
  if (loadUnits + units > agent.capacityUnits) {
    return `has no room: ${loadUnits} of ${agent.capacityUnits} units in use, ${units} needed`;
  }
  const held = agent.heldForScore !== undefined && score >= agent.heldForScore;
  return held ? 'keeps room free for work that waits longer' : '';
}

/**
 * Looks at every agent for one ticket on one step.
 * @param loads Units in use by agent id, as planned so far.
 * @param misfits `misfit` by agent id, worked out before; one call serves every ticket with these needs.
 * @returns those who qualify in order of preference, then those left out by id.
 */
export function rankCandidates(
  wish: Wish,
  step: Step,
  isLastStep: boolean,
  agents: readonly AvailableAgent[],
  misfits: readonly string[],
  loads: ReadonlyMap<string, number>,
  assignedAtMs: ReadonlyMap<string, number>,
  nowMs: number,
): Candidate[] {
  const qualified: Candidate[] = [];
  const leftOut: Candidate[] = [];
  agents.forEach((agent, index) => {
    const loadUnits = loads.get(agent.id) ?? agent.loadUnits;
    const reason =
      misfits[index] || absence(agent) || refusal(agent, wish, isLastStep, nowMs) || noRoom(agent, loadUnits, wish);
    const idleSinceMs = assignedAtMs.get(agent.id) ?? agent.lastAssignedAtMs ?? 0;
    const candidate = describe(agent, wish, step, loadUnits, Math.max(0, nowMs - idleSinceMs), reason);
    (reason === '' ? qualified : leftOut).push(candidate);
  });
  qualified.sort(byPreference);
  return [...qualified.map((candidate, index) => ({ ...candidate, rank: index + 1 })), ...leftOut];
}

/** The one agent who was looked at, because they freed up: for all others the work had been waiting already. */
export function soleCandidate(agent: Agent, wish: Wish, step: Step, nowMs: number): Candidate {
  const idleMs = Math.max(0, nowMs - (agent.lastAssignedAtMs ?? 0));
  return { ...describe(agent, wish, step, agent.loadUnits, idleMs, ''), rank: 1 };
}

function describe(agent: Agent, wish: Wish, step: Step, loadUnits: number, idleMs: number, reason: string): Candidate {
  return {
    agentId: agent.id,
    qualified: reason === '',
    reason,
    runningProblemOwner: agent.id === wish.runningProblemOwnerId,
    namedAdviser: agent.id === wish.adviserId,
    proficiency: step.skills.reduce((sum, { skill }) => sum + proficiencyIn(agent, skill), 0),
    relativeLoad: agent.capacityUnits === 0 ? 1 : loadUnits / agent.capacityUnits,
    idleMs,
    rank: 0,
  };
}

/** A total order: the agent id breaks every tie. */
export function byPreference(a: Candidate, b: Candidate): number {
  return (
    Number(b.runningProblemOwner) - Number(a.runningProblemOwner) ||
    Number(b.namedAdviser) - Number(a.namedAdviser) ||
    b.proficiency - a.proficiency ||
    a.relativeLoad - b.relativeLoad ||
    b.idleMs - a.idleMs ||
    (a.agentId < b.agentId ? -1 : 1)
  );
}

function proficiencyIn(agent: Agent, skill: string): number {
  return agent.skills.find((level) => level.skill === skill)?.proficiency ?? 0;
}
