import {
  type AvailableAgent,
  absence,
  type Candidate,
  misfit,
  rankCandidates,
  refusal,
  type Wish,
} from './candidates.ts';
import type { Step } from './step.ts';

/** A ticket that wants an owner. */
export interface OwnerRequest extends Wish {
  readonly ticketId: string;
  readonly customerId: string;
  readonly steps: readonly Step[];
  /** The step that counts now. */
  readonly stepIndex: number;
}

/** The step that counts for a request. */
export function stepOf({ ticketId, steps, stepIndex }: Pick<OwnerRequest, 'ticketId' | 'steps' | 'stepIndex'>): Step {
  const step = steps[stepIndex];
  if (step === undefined) throw new Error(`ticket ${ticketId} has no step ${stepIndex}`);
  return step;
}

/** What is to become of one request. */
export interface OwnerPlan<Request extends OwnerRequest> {
  readonly request: Request;
  /** The step that counted: later than the request's when nobody was there for the ones before. */
  readonly stepIndex: number;
  readonly candidates: readonly Candidate[];
  /** Undefined: it waits. */
  readonly agentId: string | undefined;
}

/**
 * Chooses owners for many tickets at once, in the order of their scores, counting what it has given away on the way. Pure:
 * whether an agent still has the room is for the claim to say.
 * @param agents Sorted by id, so that equal input gives equal decisions.
 */
export function planOwners<Request extends OwnerRequest>(
  requests: readonly Request[],
  agents: readonly AvailableAgent[],
  nowMs: number,
): OwnerPlan<Request>[] {
  const loads = new Map(agents.map((agent) => [agent.id, agent.loadUnits]));
  const assignedAtMs = new Map<string, number>();
  const ownerOfCustomer = new Map<string, string>();
  const misfitsByNeeds = new Map<string, string[]>();
  const misfitsOf = (step: Step): readonly string[] => {
    let misfits = misfitsByNeeds.get(step.needsKey);
    if (misfits === undefined) {
      misfits = agents.map((agent) => misfit(agent, step));
      misfitsByNeeds.set(step.needsKey, misfits);
    }
    return misfits;
  };
  const planOne = (request: Request): OwnerPlan<Request> => {
    // Two problems of one customer in one batch: the first one's owner is the owner of the running problem.
    const runningProblemOwnerId = request.runningProblemOwnerId || (ownerOfCustomer.get(request.customerId) ?? '');
    for (let stepIndex = request.stepIndex; ; stepIndex++) {
      const step = stepOf({ ...request, stepIndex });
      const isLast = stepIndex === request.steps.length - 1;
      const misfits = misfitsOf(step);
      const wish = { ...request, runningProblemOwnerId };
      const candidates = rankCandidates(wish, step, isLast, agents, misfits, loads, assignedAtMs, nowMs);
      const [best] = candidates;
      if (best?.qualified) {
        loads.set(best.agentId, (loads.get(best.agentId) ?? 0) + request.units);
        assignedAtMs.set(best.agentId, nowMs);
        if (request.customerId !== '') ownerOfCustomer.set(request.customerId, best.agentId);
        return { request, stepIndex, candidates, agentId: best.agentId };
      }
      const present = agents.some(
        (agent, index) =>
          misfits[index] === '' && absence(agent) === '' && refusal(agent, request, isLast, nowMs) === '',
      );
      if (isLast || present || !step.skipWhenNobodyPresent) {
        return { request, stepIndex, candidates, agentId: undefined };
      }
    }
  };
  return [...requests].sort(byScore).map(planOne);
}

function byScore(a: OwnerRequest, b: OwnerRequest): number {
  return a.score - b.score || (a.ticketId < b.ticketId ? -1 : 1);
}
