import type { Decision } from '../domain/decision.ts';
import type { WaitingStore } from '../ports.ts';
import type { Allocation, Announced, RoutingContext } from './context.ts';
import { makeOffers } from './make-offers.ts';
import type { Assignment } from './search.ts';

/**
 * Makes claims and waits known: stores the decisions, gives the tickets their owners or offers them, publishes. Whatever of it a crash cuts
 * off is done when the same cause comes again, or by the reconciler. Where ticketing refuses, the claim is given back.
 * What others want to make known at the same time goes along.
 */
export async function commitAssignments(context: RoutingContext, allocation: Allocation): Promise<Announced> {
  const ticketIds = allocation.assignments.map(({ search }) => search.ticketId);
  const about = [...ticketIds, ...allocation.waits.map(({ ticketId }) => ticketId)];
  if (about.length === 0) return { decisions: [], freedAgentIds: [] };
  for (const ticketId of ticketIds) context.committing.add(ticketId);
  try {
    return await context.announcing.ask(allocation, about, (asks) => announceTogether(context, asks));
  } finally {
    for (const ticketId of ticketIds) context.committing.delete(ticketId);
  }
}

async function announceTogether(context: RoutingContext, asks: readonly Allocation[]): Promise<Announced[]> {
  const { decisions, waiting, decisionLog, clock, inOrder } = context;
  const assignments = asks.flatMap((ask) => ask.assignments);
  const planned = [...asks.flatMap(({ waits }) => waits), ...assignments.map(({ decision }) => decision)];
  const [toOffer, toAssign] = partition(assignments, ({ decision }) => decision.outcome === 'offered');
  const unassigned = await inOrder(async () => {
    await decisions.save(planned, clock.now());
    return assign(context, toAssign);
  });
  const refused = new Map([...unassigned, ...(await makeOffers(context, toOffer))]);
  const outcome = (decision: Decision) => refused.get(decision.id) ?? decision;
  if (refused.size > 0) await decisions.save([...refused.values()], clock.now());
  await decisionLog.publish(planned.map(outcome));
  await inOrder(async () => {
    await decisions.published(planned.map(outcome));
    await waiting.remove(assignments.flatMap(rowOf));
  });
  return asks.map((ask) => {
    const freed = ask.assignments.filter(({ decision }) => refused.has(decision.id)).map(({ agentId }) => agentId);
    return {
      decisions: [...ask.waits, ...ask.assignments.map(({ decision }) => decision)].map(outcome),
      freedAgentIds: [...new Set(freed)],
    };
  });
}

/** Tells ticketing. @returns the decisions that turned out otherwise, by id. */
async function assign(
  { agents, tickets, roster }: RoutingContext,
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

/** The row that the ticket need not wait with any more. */
function rowOf({ search, decision }: Assignment): Parameters<WaitingStore['remove']>[0] {
  const { fresh, ticketId, sequence, waitedBy } = search;
  if (fresh) return [];
  if (decision.outcome !== 'offered') return [{ ticketId, sequence: sequence + 1 }];
  // An offer changes nothing on the ticket: one that has ended already may have made it wait anew, as of the same event.
  return waitedBy === undefined ? [] : [{ ticketId, decisionId: waitedBy }];
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}
