import { hashId } from '@tributary/contracts';
import type { Decision, Outcome, Trigger } from '../domain/decision.ts';
import type { Candidate } from '../domain/planning/candidates.ts';
import { waitingScore } from '../domain/planning/score.ts';
import { stepsFor } from '../domain/planning/step.ts';
import { adviserOf, type Policy, unitsOf } from '../domain/policy/policy.ts';
import type { Claim, TicketView, Waiting } from '../ports.ts';

/** A ticket that wants an owner, and why it does so now. `decisionId` is the id of the decision to be made. */
export interface Search extends Waiting {
  readonly trigger: Trigger;
  /** Empty for other triggers than a message. */
  readonly messageId: string;
  /** True when nobody can have claimed or queued the ticket before, as for one that was made just now. */
  readonly fresh: boolean;
  /** The decision of the row it waited with when it was looked for. Absent when there was none. */
  readonly waitedBy?: string;
  /** The offer whose end made it look for an owner again. Absent for other triggers. */
  readonly endedOfferId?: string;
}

/**
 * An agent who has the units for a ticket claimed. By the decision's outcome they are to own it, which ticketing does not know yet, or
 * to be offered it.
 */
export interface Assignment {
  readonly search: Search;
  readonly agentId: string;
  readonly decision: Decision;
}

/** Derived from the cause, so that deciding again after a crash gives the same id. */
export function decisionId(ticketId: string, trigger: Trigger, ...cause: readonly (string | number)[]): string {
  return hashId('decision', ticketId, trigger, ...cause);
}

/** The claim that an agent's getting this makes. */
export function toClaim({ ticketId, units, sequence, live, decisionId: cause }: Search, agentId: string): Claim {
  return { ticketId, units, sequence, ...(live !== undefined && { offerId: hashId('offer', cause, agentId) }) };
}

/** @param ticket Without the fields that only a command needs. */
export function startSearch(
  ticket: Omit<TicketView, 'active' | 'ownerId'> & { readonly runningProblemOwnerId: string },
  cause: Pick<Search, 'trigger' | 'messageId' | 'decisionId' | 'fresh' | 'excludedAgentIds' | 'live'>,
  policy: Policy,
  nowMs: number,
): Search {
  return {
    ...cause,
    ticketId: ticket.ticketId,
    ticketNumber: ticket.ticketNumber,
    customerId: ticket.customerId,
    runningProblemOwnerId: ticket.runningProblemOwnerId,
    adviserId: adviserOf(ticket.customerId, ticket.contactAddress, policy) ?? '',
    grade: ticket.grade,
    tier: ticket.tier,
    steps: stepsFor(ticket.grade, ticket.tier, policy),
    stepIndex: 0,
    units: unitsOf(ticket.channel, policy),
    score: waitingScore(ticket.receivedAtMs, ticket.grade.severity, ticket.tier, policy),
    receivedAtMs: ticket.receivedAtMs,
    sinceMs: nowMs,
    sequence: ticket.sequence,
    policyVersion: policy.version,
  };
}

/** The search as waiting work. */
export function toWaitingWork(search: Search): Waiting {
  const { trigger: _t, messageId: _m, fresh: _f, endedOfferId: _e, waitedBy: _w, ...waiting } = search;
  return waiting;
}

/** What a claim comes to: an assignment, or an offer when it was made for one and the customer is still there. */
export function toAssignment(
  search: Search,
  agentId: string,
  offerId: string | undefined,
  trace: { readonly candidates?: readonly Candidate[]; readonly stepIndex?: number },
  nowMs: number,
): Assignment {
  const decision =
    offerId === undefined || search.live === undefined
      ? decide(search, 'assigned', { ...trace, agentId }, nowMs)
      : decide(search, 'offered', { ...trace, agentId, offerId }, nowMs);
  return { search, agentId, decision };
}

/** The decision on a search. */
export function decide(
  search: Search,
  outcome: Outcome,
  {
    agentId = '',
    candidates = [],
    stepIndex = search.stepIndex,
    offerId = search.endedOfferId ?? '',
  }: {
    agentId?: string;
    candidates?: readonly Candidate[];
    stepIndex?: number;
    offerId?: string;
  },
  nowMs: number,
): Decision {
  return {
    id: search.decisionId,
    ticketId: search.ticketId,
    ticketNumber: search.ticketNumber,
    messageId: search.messageId,
    trigger: search.trigger,
    grade: search.grade,
    steps: search.steps,
    stepIndex,
    candidates,
    outcome,
    agentId,
    waitingScore: outcome === 'waiting' ? search.score : 0,
    capacityUnits: outcome === 'assigned' || outcome === 'offered' ? search.units : 0,
    offerId,
    policyVersion: search.policyVersion,
    timeMs: nowMs,
  };
}
