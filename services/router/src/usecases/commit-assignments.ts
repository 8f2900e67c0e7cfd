import type { Decision } from '../domain/decision.ts';
import type { RoutingContext } from './context.ts';
import { makeOffers } from './make-offers.ts';
import type { Assignment } from './search.ts';

/**
 * Makes claims and waits known: stores the decisions, gives the tickets their owners or offers them, publishes. Whatever of it a crash cuts
 * off is done when the same cause comes again, or by the reconciler. Where ticketing refuses, the claim is given back.
 * @returns the decisions as they turned out, and the agents who have room again.
 */
export async function commitAssignments(
  context: RoutingContext,
  assignments: readonly Assignment[],
  others: readonly Decision[],
): Promise<{ readonly decisions: readonly Decision[]; readonly freedAgentIds: readonly string[] }> {
  const { decisions, tickets, waiting, decisionLog, clock, committing } = context;
  const planned = [...others, ...assignments.map(({ decision }) => decision)];
  if (planned.length === 0) return { decisions: [], freedAgentIds: [] };
  for (const { search } of assignments) committing.add(search.ticketId);
  try {
    await decisions.save(planned, clock.now());
    const [toOffer, toAssign] = partition(assignments, ({ decision }) => decision.outcome === 'offered');
    const refused = new Map([...(await assign(context, toAssign)), ...(await makeOffers(context, toOffer))]);
    const made = planned.map((decision) => refused.get(decision.id) ?? decision);
    if (refused.size > 0) await decisions.save([...refused.values()], clock.now());
    await decisionLog.publish(made);
    await decisions.published(made);
    const queued = assignments.filter(({ search }) => !search.fresh);
    await waiting.remove(queued.map(({ search }) => ({ ticketId: search.ticketId, sequence: search.sequence + 1 })));
    const freed = assignments.filter(({ decision }) => refused.has(decision.id)).map(({ agentId }) => agentId);
    return { decisions: made, freedAgentIds: [...new Set(freed)] };
  } finally {
    for (const { search } of assignments) committing.delete(search.ticketId);
  }

  async function assign(
    { agents, roster }: RoutingContext,
    claimed: readonly Assignment[],
  ): Promise<Map<string, Decision>> {
    if (claimed.length === 0) return new Map();
    const results = await tickets.assign(
      claimed.map(({ search, agentId, decision }) => ({
        ticketId: search.ticketId,
        agentId,
        decisionId: decision.id,
      })),
    );
    const changed = new Map<string, Decision>();
    for (const [index, { search, agentId, decision }] of claimed.entries()) {
      const result = results[index];
      if (result === undefined) throw new Error(`${claimed.length} assignments gave ${results.length} results`);
      if (result.ownerId === agentId) continue;
      const after = await agents.release(agentId, [{ ticketId: search.ticketId, sequence: search.sequence }]);
      if (after !== undefined) roster.note(after);
      changed.set(decision.id, {
        ...decision,
        outcome: result.ownerId === '' ? 'not_needed' : 'kept_owner',
        agentId: result.ownerId,
        capacityUnits: 0,
        candidates: decision.candidates.map((candidate) =>
          candidate.agentId === agentId ? { ...candidate, reason: `ticketing refused: ${result.error}` } : candidate,
        ),
      });
    }
    return changed;
  }
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
