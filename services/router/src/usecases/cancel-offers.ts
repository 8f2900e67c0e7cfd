import type { TicketEffect } from '../domain/ticket-changes.ts';
import { carryOnOffer } from './carry-on-offer.ts';
import type { RoutingContext } from './context.ts';

/**
 * Withdraws the offers of tickets that others have changed: taken, resolved, closed, escalated. When it resolves, nothing is left to
 * follow from them, so that the ticket's next place can be found. Doing it again completes what a crash cut off.
 */
export async function cancelOffers(context: RoutingContext, effects: readonly TicketEffect[]): Promise<void> {
  const { offers, contacts, policy, clock } = context;
  if (Object.keys(policy.current.offers).length === 0) return;
  const moved = new Map(
    effects.filter(({ holderId }) => holderId !== undefined).map((effect) => [effect.ticketId, effect]),
  );
  const over = [...moved.values()].filter(({ waiting, holderId }) => waiting === 'leave' && holderId === '');
  const [open, present] = await Promise.all([
    offers.openOf([...moved.keys()]),
    contacts.presentOn(over.map(({ ticketId }) => ticketId)),
  ]);
  await contacts.forget(present.map(({ conversationKey }) => conversationKey));
  for (const offer of open) {
    const effect = moved.get(offer.ticketId);
    // One that was made with knowledge of this event is not withdrawn for it; one being accepted is for ticketing to decide.
    if (effect === undefined || effect.sequence <= offer.work.sequence || offer.state === 'accepting') continue;
    const end = { state: 'cancelled', reason: reasonOf(effect), after: 'nothing' } as const;
    const ended = offer.state === 'pending' ? await offers.end(offer.id, end, clock.now()) : offer;
    if (ended !== undefined) await carryOnOffer(context, ended);
  }
}

function reasonOf({ waiting, holderId }: TicketEffect): string {
  if (holderId !== '') return `${holderId} took the ticket`;
  return waiting === 'leave' ? 'the ticket is over' : 'the ticket was given on';
}
