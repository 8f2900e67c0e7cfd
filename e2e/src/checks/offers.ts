import { type Offer, OfferState, type TicketEvent } from '@tributary/contracts';
import type { Check, Violation } from '../history.ts';

const pending: OfferState = OfferState.OFFER_STATE_PENDING;
const answered = { accept: OfferState.OFFER_STATE_ACCEPTED, decline: OfferState.OFFER_STATE_DECLINED } as const;

/**
 * Every offer ends, once, as it was answered; a contact is offered to one agent at a time, and whoever accepts owns it. No
 * ticket has a second owner while it has one.
 */
export const checkOffers: Check = ({ offers, offerAnswers, ticketEvents }) => {
  const violations: Violation[] = [];
  const told = (promise: string, detail: string) => violations.push({ promise, detail });
  const events = Map.groupBy(ticketEvents, ({ ticketId }) => ticketId);
  const ends = new Map<string, Offer>();
  for (const [id, records] of Map.groupBy(offers, (offer) => offer.id)) {
    const ended = records.filter(({ state }) => state !== pending);
    const states = new Set(ended.map(({ state }) => state));
    const [first] = ended;
    if (first === undefined) told('every offer ends', `${id} to ${records[0]?.agentId} is still pending`);
    else ends.set(id, first);
    if (states.size > 1) told('an offer ends once', `${id} ended as ${[...states].join(' and ')}`);
  }
  for (const { offerId, kind, result } of offerAnswers) {
    const state = ends.get(offerId)?.state;
    if (result === 'accepted' && state !== answered[kind]) {
      told('an answer to an offer holds', `${offerId} was answered with ${kind} and ended as ${state}`);
    }
  }
  for (const [ticketId, ofTicket] of Map.groupBy(ends.values(), (offer) => offer.ticketId)) {
    const inTime = ofTicket.toSorted((a, b) => timeOf(a.madeTime) - timeOf(b.madeTime));
    for (const [index, offer] of inTime.entries()) {
      const before = inTime[index - 1];
      if (before !== undefined && timeOf(offer.madeTime) < timeOf(before.endedTime)) {
        told(
          'a contact is offered to one agent at a time',
          `ticket ${ticketId} to ${before.agentId} (${before.id}) and ${offer.agentId} (${offer.id})`,
        );
      }
      const owners = ownersOf(events.get(ticketId) ?? []);
      if (offer.state === OfferState.OFFER_STATE_ACCEPTED && !owners.includes(offer.agentId)) {
        told(
          'whoever accepts owns the ticket',
          `${offer.agentId} accepted ${offer.id}, ticket ${ticketId} was never theirs`,
        );
      }
    }
  }
  for (const [ticketId, ofTicket] of events) {
    let owner = '';
    for (const { change, sequence } of firstOfEach(ofTicket)) {
      if (change?.$case === 'assigned') {
        if (owner !== '' && owner !== change.value.ownerId) {
          told(
            'a ticket has one owner',
            `ticket ${ticketId} went from ${owner} to ${change.value.ownerId} at ${sequence}`,
          );
        }
        owner = change.value.ownerId;
      } else if (change !== undefined && frees.has(change.$case)) owner = '';
    }
  }
  return violations;
};

/** After these it may get another owner. */
const frees: ReadonlySet<string> = new Set(['unassigned', 'escalated', 'resolved', 'closed', 'reopened']);

function ownersOf(events: readonly TicketEvent[]): string[] {
  return events.flatMap(({ change }) => (change?.$case === 'assigned' ? [change.value.ownerId] : []));
}

function firstOfEach(events: readonly TicketEvent[]): TicketEvent[] {
  return [...new Map(events.toReversed().map((event) => [event.sequence, event])).values()].toSorted((a, b) =>
    Number(a.sequence - b.sequence),
  );
}

function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? 0;
}
