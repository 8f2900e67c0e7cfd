import type { Passed } from '../domain/offers/live-contact.ts';
import { soleCandidate } from '../domain/planning/candidates.ts';
import { stepOf } from '../domain/planning/plan-owners.ts';
import type { KeptOffer, TicketView, Waiting } from '../ports.ts';
import { commitAssignments } from './commit-assignments.ts';
import type { RoutingContext } from './context.ts';
import { findOwners } from './find-owners.ts';
import { handOutWaiting } from './hand-out-waiting.ts';
import { decide, decisionId, type Search, startSearch } from './search.ts';

/**
 * Does what is due about an offer: tells of it, times it out, or sees through what follows from its end. Every part may be done again,
 * so that whatever a crash cut off is completed by whoever comes next.
 * @returns the offer as it stands then.
 */
export async function carryOnOffer(context: RoutingContext, offer: KeptOffer): Promise<KeptOffer> {
  const { offers, offerLog, clock } = context;
  if (offer.state === 'accepting') return completeAcceptance(context, offer);
  if (offer.state !== 'pending') return settle(context, offer);
  if (!offer.told) {
    await offerLog.publish([offer]);
    await offers.told([offer.id]);
  }
  if (offer.expiresAtMs > clock.now()) return offer;
  const ended = await offers.end(offer.id, { state: 'timed_out', reason: '', after: 'offer_next' }, clock.now());
  return ended === undefined ? offer : settle(context, { ...ended, told: true });
}

/** The agent has said yes: ticketing decides whether they own the ticket now. The reservation then is held work. */
async function completeAcceptance(context: RoutingContext, offer: KeptOffer): Promise<KeptOffer> {
  const { roster, decisions, decisionLog, clock } = context;
  const search = searchAfter(offer, offer.work);
  const [before] = await decisions.find([search.decisionId]);
  if (before === undefined && !(await hasRoom(context, offer)))
    return conclude(context, offer, 'the room for it is gone');
  const agent = (await roster.agents()).find(({ id }) => id === offer.agentId);
  const candidates = agent === undefined ? [] : [soleCandidate(agent, search, stepOf(search), clock.now())];
  const decision =
    before?.outcome === 'assigned'
      ? before
      : decide(search, 'assigned', { agentId: offer.agentId, candidates }, clock.now());
  const made = await commitAssignments(context, {
    assignments: [{ search, agentId: offer.agentId, decision }],
    waits: [],
  });
  const [outcome] = made.decisions;
  const reason = outcome?.outcome === 'assigned' ? '' : outcome?.candidates[0]?.reason || 'ticketing refused';
  const ended = await conclude(context, offer, reason);
  if (reason !== '' && ended.state === 'accepted') {
    // The yes was given twice, and between the two the ticket was taken away again: they did own it.
    await decisions.save([decision], clock.now());
    await decisionLog.publish([decision]);
    await decisions.published([decision]);
  }
  return ended;
}

async function conclude(context: RoutingContext, offer: KeptOffer, reason: string): Promise<KeptOffer> {
  const { offers, clock } = context;
  const ended = (await offers.conclude(offer.id, reason, clock.now())) ?? (await offers.get(offer.id)) ?? offer;
  return settle(context, ended);
}

/** The claim may have been freed for a change of the ticket that was heard while the offer was being made: then it is made anew. */
async function hasRoom({ agents, tickets, roster, clock }: RoutingContext, offer: KeptOffer): Promise<boolean> {
  const { id: offerId, ticketId, agentId, units } = offer;
  const agent = await agents.get(agentId);
  if (agent === undefined || agent.work.some((held) => held.ticketId === ticketId)) return agent !== undefined;
  const sequence = (await tickets.get(ticketId))?.sequence ?? offer.work.sequence;
  const claims = [{ ticketId, units, sequence, offerId }];
  const after = await agents.claim(agentId, agent.capacityUnits, claims, clock.now());
  if (after !== undefined) roster.note(after);
  return after !== undefined;
}

/** Frees what is reserved, tells how the offer ended, and lets the ticket go on. */
async function settle(context: RoutingContext, offer: KeptOffer): Promise<KeptOffer> {
  const { agents, offers, offerLog, roster } = context;
  await offerLog.publish(offer.told ? [offer] : [begun(offer), offer]);
  const reservation = { ticketId: offer.ticketId, offerId: offer.id };
  if (offer.state === 'accepted') {
    await agents.answered(offer.agentId);
    const freed =
      !(await keepsTicket(context, offer)) && (await agents.giveBack(offer.agentId, reservation, 'none', 0));
    await offers.settled(offer.id);
    if (freed) {
      roster.note(freed);
      await handOutWaiting(context, [offer.agentId]);
    }
    return offer;
  }
  const { notAnsweringAfter } = offer.contact.terms;
  const after = await agents.giveBack(offer.agentId, reservation, answers[offer.state] ?? 'none', notAnsweringAfter);
  if (after !== undefined) roster.note(after);
  await offers.letGo(offer.id);
  await letTicketGoOn(context, offer);
  await offers.settled(offer.id);
  await handOutWaiting(context, [offer.agentId]);
  return offer;
}

/**
 * Whether the agent still owns the ticket they have accepted. What was heard of it while ticketing was being asked has left the claim
 * alone, and must not free it later.
 */
async function keepsTicket({ agents, tickets, clock, roster }: RoutingContext, offer: KeptOffer): Promise<boolean> {
  const { agentId, ticketId, work } = offer;
  const ticket = await tickets.get(ticketId);
  if (ticket === undefined || !ticket.active || ticket.ownerId !== agentId) return false;
  // Their getting it is the next event: others came between.
  if (ticket.sequence > work.sequence + 1) {
    const after = await agents.renew(agentId, [ticket], clock.now());
    if (after !== undefined) roster.note(after);
  }
  return true;
}

const answers: Readonly<Partial<Record<KeptOffer['state'], 'declined' | 'missed'>>> = {
  declined: 'declined',
  timed_out: 'missed',
};

function begun(offer: KeptOffer): KeptOffer {
  const { endedAtMs: _, ...rest } = offer;
  return { ...rest, state: 'pending', reason: '' };
}

async function letTicketGoOn(context: RoutingContext, offer: KeptOffer): Promise<void> {
  const { tickets, decisions, waiting, clock } = context;
  const ticket = await tickets.get(offer.ticketId);
  const search = searchAfter(offer, ticket);
  const [before] = await decisions.find([search.decisionId]);
  if (ticket === undefined || !ticket.active || ticket.ownerId !== '') {
    if (before !== undefined) return;
    const agentId = ticket?.active ? ticket.ownerId : '';
    const decision = decide(search, agentId === '' ? 'not_needed' : 'kept_owner', { agentId }, clock.now());
    await commitAssignments(context, { assignments: [], waits: [decision] });
    return;
  }
  if (offer.after === 'nothing') return;
  if (offer.after === 'leave') {
    await commitAssignments(context, {
      assignments: [],
      waits: [before ?? decide(search, 'not_needed', {}, clock.now())],
    });
    return;
  }
  // A row that a crash left from before the offer does not know who passed.
  if (before === undefined) await waiting.remove([{ ticketId: ticket.ticketId, sequence: ticket.sequence + 1 }]);
  await findOwners(context, [ticket.tier === offer.work.tier ? search : wantedAnew(context, search, ticket)]);
}

/** The ticket was escalated meanwhile: others are to be asked. */
function wantedAnew({ policy, clock }: RoutingContext, search: Search, ticket: TicketView): Search {
  const runningProblemOwnerId = search.runningProblemOwnerId;
  return { ...search, ...startSearch({ ...ticket, runningProblemOwnerId }, search, policy.current, clock.now()) };
}

/** The ticket as it looks for an owner after the offer's end. */
function searchAfter(offer: KeptOffer, ticket: Pick<TicketView | Waiting, 'sequence'> | undefined): Search {
  const { live: _, ...work } = offer.work;
  return {
    ...work,
    sequence: ticket?.sequence ?? work.sequence,
    ...(offer.after === 'offer_next' && {
      live: { ...offer.contact, passed: [...offer.contact.passed, ...passed(offer)] },
    }),
    trigger: 'offer_ended',
    messageId: '',
    decisionId: decisionId(offer.ticketId, 'offer_ended', offer.id),
    fresh: false,
    endedOfferId: offer.id,
  };
}

/** Nobody passed on one that was cancelled. */
function passed({ agentId, state, reason, endedAtMs = 0 }: KeptOffer): readonly Passed[] {
  if (state === 'timed_out') return [{ agentId, reason: 'did not answer this contact in time', atMs: endedAtMs }];
  if (state !== 'declined') return [];
  const words = reason === '' ? 'declined this contact' : `declined this contact: ${reason}`;
  return [{ agentId, reason: words, atMs: endedAtMs }];
}
