import { holdingsOf } from '../domain/agents/agent.ts';
import type { Decision } from '../domain/decision.ts';
import { isEnded } from '../domain/offers/offer.ts';
import type { KeptOffer } from '../ports.ts';
import type { RoutingContext } from './context.ts';
import { type Assignment, toWaitingWork } from './search.ts';

/**
 * Offers each contact to the agent who has the units claimed, and tells of it. Doing it again finds the offers of the first time. Where
 * another router's offer of the ticket came first, the claim is given back.
 * @returns the decisions that turned out otherwise, by id.
 */
export async function makeOffers(
  context: RoutingContext,
  assignments: readonly Assignment[],
): Promise<Map<string, Decision>> {
  const changed = new Map<string, Decision>();
  if (assignments.length === 0) return changed;
  const { agents, offers, offerLog, roster, clock } = context;
  const standing = await offers.add(await toOffers(context, assignments), clock.now());
  const made: KeptOffer[] = [];
  for (const [index, { search, agentId, decision }] of assignments.entries()) {
    const offer = standing[index];
    if (offer === undefined) throw new Error(`${assignments.length} offers gave ${standing.length} results`);
    if (offer.id === decision.offerId && !isEnded(offer)) {
      made.push(offer);
      continue;
    }
    const reservation = { ticketId: search.ticketId, offerId: decision.offerId };
    const after = await agents.giveBack(agentId, reservation, 'none', 0);
    if (after !== undefined) roster.note(after);
    changed.set(decision.id, {
      ...decision,
      agentId: offer.agentId,
      offerId: offer.id,
      capacityUnits: 0,
      candidates: decision.candidates.map((candidate) =>
        candidate.agentId === agentId ? { ...candidate, reason: 'another offer of the ticket came first' } : candidate,
      ),
    });
  }
  await offerLog.publish(made.filter(({ told }) => !told));
  await offers.told(made.map(({ id }) => id));
  await cancelDeparted(context, made);
  await cancelUnclaimed(context, made);
  for (const { expiresAtMs } of made) context.nudgeOffers(expiresAtMs);
  return changed;
}

async function toOffers({ roster, clock }: RoutingContext, assignments: readonly Assignment[]): Promise<KeptOffer[]> {
  const byId = new Map((await roster.agents()).map((agent) => [agent.id, agent]));
  return assignments.map(({ search, agentId, decision }) => {
    const { live } = search;
    if (live === undefined) throw new Error(`ticket ${search.ticketId} has no live contact to offer`);
    const agent = byId.get(agentId);
    const work = { ...toWaitingWork(search), stepIndex: decision.stepIndex };
    return {
      id: decision.offerId,
      ticketId: search.ticketId,
      ticketNumber: search.ticketNumber,
      agentId,
      agentName: agent?.name ?? agentId,
      agentCallAddress: agent?.callAddress ?? '',
      contact: live,
      state: 'pending',
      reason: '',
      madeAtMs: clock.now(),
      expiresAtMs: clock.now() + live.terms.timeoutMs,
      units: search.units,
      decisionId: decision.id,
      grade: search.grade,
      work,
      after: 'nothing',
      told: false,
      open: true,
    };
  });
}

/** Customers who left while the offer was being made: whoever heard of it found no offer yet. */
async function cancelDeparted(
  { contacts, offers, nudgeOffers, clock }: RoutingContext,
  made: readonly KeptOffer[],
): Promise<void> {
  const leftAtMs = await contacts.departures(made.map(({ contact }) => contact.conversationKey));
  for (const { id, contact } of made) {
    if ((leftAtMs.get(contact.conversationKey) ?? -1) < contact.arrivedAtMs) continue;
    const end = { state: 'cancelled', reason: customerLeft, after: contact.terms.whenCustomerLeaves } as const;
    await offers.end(id, end, clock.now());
    nudgeOffers();
  }
}

/** A change of the ticket has freed the claim while the offer was being made: whoever heard of it found no offer to withdraw yet. */
async function cancelUnclaimed(
  { agents, offers, nudgeOffers, clock }: RoutingContext,
  made: readonly KeptOffer[],
): Promise<void> {
  const ticketIds = made.map(({ ticketId }) => ticketId);
  const holdings = holdingsOf(await agents.holding(ticketIds), ticketIds);
  for (const { id, ticketId, agentId } of made) {
    if (holdings.get(ticketId)?.some((held) => held.agentId === agentId && held.offerId === id)) continue;
    const end = { state: 'cancelled', reason: 'the ticket was given on', after: 'offer_next' } as const;
    if ((await offers.end(id, end, clock.now())) !== undefined) nudgeOffers();
  }
}

export const customerLeft = 'the customer left';
