import { hashId } from '@tributary/contracts';
import type { Decision, Outcome, Trigger } from '../domain/decision.ts';
import type { Candidate } from '../domain/planning/candidates.ts';
import { waitingScore } from '../domain/planning/score.ts';
import { stepsFor } from '../domain/planning/step.ts';
import { adviserOf, type Policy, unitsOf } from '../domain/policy/policy.ts';
import type { TicketView, Waiting } from '../ports.ts';

/** A ticket that wants an owner, and why it does so now. `decisionId` is the id of the decision to be made. */
export interface Search extends Waiting {
  readonly trigger: Trigger;
  /** Empty for other triggers than a message. */
  readonly messageId: string;
  /** True when nobody can have claimed or queued the ticket before, as for one that was made just now. */
  readonly fresh: boolean;
}

/** An agent who has the units for a ticket claimed; ticketing does not know yet. */
export interface Assignment {
  readonly search: Search;
  readonly agentId: string;
  readonly decision: Decision;
}

/** Derived from the cause, so that deciding again after a crash gives the same id. */
export function decisionId(ticketId: string, trigger: Trigger, ...cause: readonly (string | number)[]): string {
  return hashId('decision', ticketId, trigger, ...cause);
}

/** @param ticket Without the fields that only a command needs. */
export function startSearch(
  ticket: Omit<TicketView, 'active' | 'ownerId'> & { readonly runningProblemOwnerId: string },
  cause: Pick<Search, 'trigger' | 'messageId' | 'decisionId' | 'fresh' | 'excludedAgentIds'>,
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
export function toWaitingWork({ trigger: _t, messageId: _m, fresh: _f, ...waiting }: Search): Waiting {
  return waiting;
}

/** The decision on a search. */
export function decide(
  search: Search,
  outcome: Outcome,
  {
    agentId = '',
    candidates = [],
    stepIndex = search.stepIndex,
  }: { agentId?: string; candidates?: readonly Candidate[]; stepIndex?: number },
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
    capacityUnits: outcome === 'assigned' ? search.units : 0,
    policyVersion: search.policyVersion,
    timeMs: nowMs,
  };
}
