import { type Agent, holdingsOf } from '../domain/agents/agent.ts';
import type { Decision } from '../domain/decision.ts';
import { isEnded } from '../domain/offers/offer.ts';
import { absence, misfit } from '../domain/planning/candidates.ts';
import { type OwnerPlan, planOwners } from '../domain/planning/plan-owners.ts';
import type { KeptOffer, Waiting } from '../ports.ts';
import { commitAssignments } from './commit-assignments.ts';
import type { Allocation, AllocationAsk, RoutingContext } from './context.ts';
import { claimWaiting, handOutWaiting } from './hand-out-waiting.ts';
import { type Assignment, decide, type Search, toAssignment, toClaim, toWaitingWork } from './search.ts';

/** Plans that lost their claim this often make the work wait; waiting work is checked against the store at once. */
const maxRounds = 5;

/**
 * Finds an owner for each ticket, or lets it wait. Doing it again after a crash finds the claims, the waiting work and the
 * decisions of the first time and carries on from there.
 * @param searches At most one per ticket.
 * @returns one decision per search, in no particular order; more where waiting work found an owner at once.
 */
export async function findOwners(context: RoutingContext, searches: readonly Search[]): Promise<readonly Decision[]> {
  if (searches.length === 0) return [];
  const { resumed, waits, open } = await resume(context, searches);
  const allocated = await context.searching.ask(
    { searches: open, lookAgain: waits.some(({ outcome }) => outcome === 'waiting') },
    open.map(({ ticketId }) => ticketId),
    (asks) => allocateTogether(context, asks),
  );
  const { decisions, freedAgentIds } = await commitAssignments(context, {
    assignments: [...resumed, ...allocated.assignments],
    waits: [...waits, ...allocated.waits],
  });
  await handOutWaiting(context, freedAgentIds);
  return decisions;
}

/** What an earlier attempt has left: offers, claims that ticketing was not told of, and waiting work. */
async function resume(context: RoutingContext, searches: readonly Search[]) {
  const { agents, waiting, decisions, offers, clock, roster } = context;
  const again = searches.filter(({ fresh }) => !fresh);
  const ticketIds = again.map(({ ticketId }) => ticketId);
  const [holders, rows, stored, openOffers] = await Promise.all([
    agents.holding(ticketIds),
    waiting.find(ticketIds),
    decisions.find(again.map(({ decisionId }) => decisionId)),
    offers.openOf(ticketIds),
  ]);
  const holdings = holdingsOf(holders, ticketIds);
  const rowOf = new Map<string, Waiting>(rows.map((row) => [row.ticketId, row]));
  const storedById = new Map(stored.map((decision) => [decision.id, decision]));
  const resumed: Assignment[] = [];
  const waits: Decision[] = [];
  const open = searches.filter(({ fresh }) => fresh);
  for (const asked of again) {
    const [holder] = holdings.get(asked.ticketId) ?? [];
    const row = rowOf.get(asked.ticketId);
    const search = row === undefined ? asked : { ...asked, waitedBy: row.decisionId };
    const before = storedById.get(search.decisionId);
    const offer = openOffers.find((each) => each.ticketId === search.ticketId && takesCare(each, search));
    if (offer !== undefined) {
      // Of one that has ended the ticket goes on by itself.
      const standing = isEnded(offer)
        ? decide(search, 'waiting', {}, clock.now())
        : decide(search, 'offered', { agentId: offer.agentId, offerId: offer.id }, clock.now());
      waits.push(before ?? standing);
    } else if (holder !== undefined) {
      const renewed = await agents.renew(holder.agentId, [search], clock.now());
      if (renewed !== undefined) roster.note(renewed);
      const { agentId, offerId } = holder;
      const assignment = toAssignment(search, agentId, offerId, {}, clock.now());
      const isSame = before?.agentId === agentId && before.outcome === assignment.decision.outcome;
      resumed.push(isSame ? { ...assignment, decision: before } : assignment);
    } else if (before?.outcome === 'offered' && (await offers.get(before.offerId)) !== undefined) {
      // That offer is over, and so is what came of it.
      waits.push(before);
    } else if (row !== undefined && search.trigger === 'message') {
      if (row.live === undefined && search.live !== undefined) await waiting.setLive(row.ticketId, search.live);
      waits.push(before ?? decide(search, 'waiting', { stepIndex: row.stepIndex }, clock.now()));
    } else open.push(search);
  }
  return { resumed, waits, open };
}

/** Whether the ticket is offered, or goes on by itself from the end of an offer. */
function takesCare(offer: KeptOffer, { endedOfferId }: Search): boolean {
  if (!isEnded(offer)) return offer.id !== endedOfferId;
  // Another one that has ended came before it and has led to it, even if whoever saw to that has not yet noted that it is done.
  return endedOfferId === undefined && (offer.after === 'offer_next' || offer.after === 'assign');
}

/** Allocates for all who ask together. */
async function allocateTogether(context: RoutingContext, asks: readonly AllocationAsk[]): Promise<Allocation[]> {
  const { assignments, waits } = await allocate(
    context,
    asks.flatMap(({ searches }) => searches),
    asks.some(({ lookAgain }) => lookAgain),
  );
  const askerOf = new Map(asks.flatMap((ask) => ask.searches.map(({ ticketId }) => [ticketId, ask] as const)));
  return asks.map((ask) => {
    // Waiting work that found an owner on the way was asked for by nobody here: the first takes care of it.
    const isOwn = ({ ticketId }: { readonly ticketId: string }) => (askerOf.get(ticketId) ?? asks[0]) === ask;
    return { assignments: assignments.filter(({ search }) => isOwn(search)), waits: waits.filter(isOwn) };
  });
}

/** Plans and claims; what finds nobody is put to wait, and then looked at once more. */
async function allocate(context: RoutingContext, searches: readonly Search[], lookAgain: boolean): Promise<Allocation> {
  const { roster, clock } = context;
  const assignments: Assignment[] = [];
  const unplaced: OwnerPlan<Search>[] = [];
  let remaining = searches;
  for (let round = 0; remaining.length > 0 && round < maxRounds; round++) {
    const plans = planOwners(remaining, await roster.agents(), clock.now());
    const { claimed, lost } = await claimPlans(context, plans);
    assignments.push(...claimed);
    unplaced.push(...plans.filter(({ agentId }) => agentId === undefined));
    if (round === maxRounds - 1) unplaced.push(...lost);
    remaining = lost.map(({ request }) => request);
  }
  const waits = await putToWait(context, unplaced);
  if (waits.length > 0 || lookAgain) {
    assignments.push(...(await claimWaiting(context, await idleAgents(context), assignments)));
  }
  return { assignments, waits };
}

/** One conditional update per agent for all that is meant for them. */
async function claimPlans(context: RoutingContext, plans: readonly OwnerPlan<Search>[]) {
  const { agents, roster, clock } = context;
  const byAgent = Map.groupBy(plans, ({ agentId }) => agentId);
  const capacityOf = new Map((await roster.agents()).map(({ id, capacityUnits }) => [id, capacityUnits]));
  const claimed: Assignment[] = [];
  const lost: OwnerPlan<Search>[] = [];
  await Promise.all(
    [...byAgent].map(async ([agentId, own]) => {
      if (agentId === undefined) return;
      const claims = own.map(({ request }) => toClaim(request, agentId));
      const score = Math.max(...own.map(({ request }) => request.score));
      const after = await agents.claim(agentId, capacityOf.get(agentId) ?? 0, claims, clock.now(), score);
      const seen: Agent | undefined = after ?? (await agents.get(agentId));
      if (seen !== undefined) roster.note(seen);
      if (after === undefined) lost.push(...own);
      else {
        const assigned = own.map((plan, index) =>
          toAssignment(plan.request, agentId, claims[index]?.offerId, plan, clock.now()),
        );
        claimed.push(...assigned);
      }
    }),
  );
  return { claimed, lost };
}

async function putToWait(context: RoutingContext, plans: readonly OwnerPlan<Search>[]): Promise<Decision[]> {
  const { waiting, clock } = context;
  const rows = plans.map(({ request, stepIndex }) => ({ ...toWaitingWork(request), stepIndex }));
  await waiting.add(rows, clock.now());
  await letGoOfDeparted(context, rows);
  const expired = rows.filter((_, index) => plans[index]?.request.trigger === 'step_expired');
  for (const row of expired) await waiting.advance(row, clock.now());
  return plans.map(({ request, stepIndex, candidates }) =>
    decide(request, 'waiting', { stepIndex, candidates }, clock.now()),
  );
}

/** Customers who left while their ticket was being put to wait: whoever heard of it found nothing waiting yet. */
async function letGoOfDeparted({ contacts, waiting }: RoutingContext, rows: readonly Waiting[]): Promise<void> {
  const live = rows.flatMap((row) => (row.live === undefined ? [] : [{ ...row.live, ticketId: row.ticketId }]));
  const leftAtMs = await contacts.departures(live.map(({ conversationKey }) => conversationKey));
  for (const { ticketId, conversationKey, arrivedAtMs } of live) {
    if ((leftAtMs.get(conversationKey) ?? -1) >= arrivedAtMs) await waiting.setLive(ticketId, undefined);
  }
}

/**
 * Who has room by the store's own word. An agent may have been freed between planning and the moment the work began to wait, and
 * whoever freed them found nothing waiting then: either they see the work, or we see their room.
 */
export async function idleAgents({ roster, waiting }: RoutingContext): Promise<string[]> {
  const [agents, needs] = await Promise.all([roster.refresh(), waiting.listNeeds()]);
  return agents
    .filter((agent) => absence(agent) === '' && agent.loadUnits < agent.capacityUnits)
    .filter((agent) => needs.some((each) => misfit(agent, each.needs) === ''))
    .map(({ id }) => id);
}
