import { type Agent, type Holding, holdingsOf } from '../domain/agents/agent.ts';
import type { LiveContact } from '../domain/offers/live-contact.ts';
import { unitsOf } from '../domain/policy/policy.ts';
import { effectsOf, type TicketChange, type TicketEffect } from '../domain/ticket-changes.ts';
import type { Claim, TicketView } from '../ports.ts';
import { cancelOffers } from './cancel-offers.ts';
import { commitAssignments } from './commit-assignments.ts';
import type { RoutingContext } from './context.ts';
import { findOwners } from './find-owners.ts';
import { claimWaiting, handOutWaiting } from './hand-out-waiting.ts';
import { type Assignment, decisionId, type Search, startSearch } from './search.ts';

/**
 * Follows what happened to tickets: frees capacity, confirms claims, lets escalated and returned tickets find an owner, and gives
 * what was freed to waiting work at once. Hearing the same again changes nothing: a claim knows which events are older.
 * A pending ticket keeps its units: its owner has not finished with it.
 */
export async function followTickets(context: RoutingContext, changes: readonly TicketChange[]): Promise<void> {
  const effects = effectsOf(changes);
  if (effects.length === 0) return;
  const handedOut = await context.following.ask(
    effects,
    effects.map(({ ticketId }) => ticketId),
    (asks) => settle(context, asks),
  );
  // Only now: an offer that is being made meanwhile is found here, or finds its claim gone.
  await cancelOffers(context, effects);
  const { freedAgentIds } = await commitAssignments(context, { assignments: handedOut, waits: [] });
  await handOutWaiting(context, freedAgentIds);
  await findOwners(context, await searchesFor(context, effects));
}

/** For all who ask together. @returns what waiting work was given for it, all of it to the first, who takes care of it. */
async function settle(
  context: RoutingContext,
  asks: readonly (readonly TicketEffect[])[],
): Promise<(readonly Assignment[])[]> {
  const effects = asks.flat();
  await leaveWaiting(context, effects);
  await settleHolders(context, effects);
  const freed = effects.flatMap(({ freedAgentIds }) => freedAgentIds);
  const handedOut = await claimWaiting(context, freed);
  return asks.map((_, index) => (index === 0 ? handedOut : []));
}

/** Makes each ticket's holder who ticketing says it is. */
async function settleHolders(context: RoutingContext, effects: readonly TicketEffect[]): Promise<void> {
  const { agents, roster, clock } = context;
  const moved = effects.filter(({ holderId }) => holderId !== undefined);
  const ticketIds = moved.map(({ ticketId }) => ticketId);
  const holdings = holdingsOf(await agents.holding(ticketIds), ticketIds);
  const accepting = await acceptingOffers(context, [...holdings.values()].flat());
  const releases = new Map<string, Pick<Claim, 'ticketId' | 'sequence'>[]>();
  const confirmations = new Map<string, string[]>();
  const offered: TicketEffect[] = [];
  const missing: TicketEffect[] = [];
  for (const effect of moved) {
    const { ticketId, holderId, sequence } = effect;
    const holding = holdings.get(ticketId) ?? [];
    for (const { agentId, offerId, sequence: claimedAt } of holding) {
      if (agentId === holderId && offerId === undefined) add(confirmations, agentId, ticketId);
      // One that was made with knowledge of this event waits for the agent's answer.
      else if (agentId === holderId) offered.push(...(claimedAt < sequence ? [effect] : []));
      // Ticketing is being asked whether they own it; whoever asks frees the claim when they do not.
      else if (offerId !== undefined && accepting.has(offerId)) continue;
      // A claim made with knowledge of this event is not what the event speaks of.
      else add(releases, agentId, { ticketId, sequence: sequence - 1 });
    }
    if (holderId !== '' && !holding.some(({ agentId }) => agentId === holderId)) missing.push(effect);
  }
  const note = (agent: Agent | undefined) => agent && roster.note(agent);
  await Promise.all([
    ...[...releases].map(async ([id, claims]) => note(await agents.release(id, claims, clock.now()))),
    ...[...confirmations].map(async ([id, confirmed]) => note(await agents.confirm(id, confirmed))),
  ]);
  for (const effect of offered) {
    const { ticketId, holderId = '' } = effect;
    const after = note(await agents.confirmOffered(holderId, ticketId));
    if (after?.work.every((held) => held.ticketId !== ticketId)) missing.push(effect);
  }
  for (const effect of missing) await claimForOwner(context, effect);
}

async function acceptingOffers({ offers }: RoutingContext, holdings: readonly Holding[]): Promise<ReadonlySet<string>> {
  const offered = holdings.filter(({ offerId }) => offerId !== undefined).map(({ ticketId }) => ticketId);
  const open = await offers.openOf(offered);
  return new Set(open.filter(({ state }) => state === 'accepting').map(({ id }) => id));
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/**
 * The owner holds no claim: a person gave them the ticket, or it was reopened. They get it whatever room they have: who takes a
 * customer's problem keeps it. Ticketing is asked first, for an event that is heard again may be long overtaken.
 */
async function claimForOwner(context: RoutingContext, { ticketId, holderId }: TicketEffect): Promise<void> {
  const { agents, tickets, policy, clock, roster, logger } = context;
  const ticket = await tickets.get(ticketId);
  if (ticket === undefined || !ticket.active || holderId === undefined || ticket.ownerId !== holderId) return;
  const claim = { ticketId, units: unitsOf(ticket.channel, policy.current), sequence: ticket.sequence };
  const after = await agents.claimAnyway(holderId, claim, clock.now());
  if (after === undefined) logger.warn({ ticketId, agentId: holderId }, 'the owner is not an agent the router knows');
  else roster.note(after);
}

async function leaveWaiting({ waiting }: RoutingContext, effects: readonly TicketEffect[]): Promise<void> {
  const leaving = effects.filter(({ waiting: place }) => place === 'leave');
  const rows = new Set((await waiting.find(leaving.map(({ ticketId }) => ticketId))).map(({ ticketId }) => ticketId));
  await waiting.remove(leaving.filter(({ ticketId }) => rows.has(ticketId)));
}

/** Tickets that want an owner, as ticketing knows them now: by then somebody may have taken them. */
async function searchesFor(context: RoutingContext, effects: readonly TicketEffect[]): Promise<Search[]> {
  const { tickets, waiting, policy, clock } = context;
  const regraded = effects.filter((effect) => effect.waiting === 'regrade').map(({ ticketId }) => ticketId);
  const rows = new Map((await waiting.find(regraded)).map((row) => [row.ticketId, row]));
  const searches: Search[] = [];
  for (const effect of effects) {
    if (effect.waiting === 'leave' || (effect.waiting === 'regrade' && !rows.has(effect.ticketId))) continue;
    const ticket = await tickets.get(effect.ticketId);
    if (ticket === undefined || !ticket.active || ticket.ownerId !== '') continue;
    // The row of before has the old needs.
    await waiting.remove([{ ticketId: ticket.ticketId, sequence: ticket.sequence }]);
    const live = rows.get(ticket.ticketId)?.live ?? (await liveContactOf(context, ticket));
    const cause = {
      trigger: 'ticket_changed',
      messageId: '',
      decisionId: decisionId(ticket.ticketId, 'ticket_changed', effect.eventId),
      fresh: false,
      excludedAgentIds: effect.gaveBackId === '' ? [] : [effect.gaveBackId],
      ...(live !== undefined && { live }),
    } as const;
    searches.push(startSearch({ ...ticket, runningProblemOwnerId: '' }, cause, policy.current, clock.now()));
  }
  return searches;
}

/** The customer whom the ticket is about, when they are there now on a channel that is offered. */
async function liveContactOf(
  { contacts, policy }: RoutingContext,
  { ticketId, channel }: TicketView,
): Promise<LiveContact | undefined> {
  const terms = policy.current.offers[channel];
  if (terms === undefined) return undefined;
  const [contact] = await contacts.presentOn([ticketId]);
  if (contact === undefined) return undefined;
  const { ticketId: _, ...arrival } = contact;
  return { ...arrival, terms, passed: [] };
}
