import type { KeptOffer } from '../ports.ts';
import { carryOnOffer } from './carry-on-offer.ts';
import type { RoutingContext } from './context.ts';

/**
 * The agent takes the offer: they own the ticket when the result is `accepted`. The answer is stored before anything follows
 * from it; when this fails after that, it is completed without the agent. Repeating it gives the same.
 * @returns the offer as it stands then, `cancelled` when ticketing refused them; undefined when there is no such offer.
 */
export async function acceptOffer(context: RoutingContext, id: string): Promise<KeptOffer | undefined> {
  const { offers, clock } = context;
  const offer = (await offers.accept(id, clock.now())) ?? (await offers.get(id));
  if (offer === undefined) return undefined;
  // One that is still pending came too late: it is timed out here and now.
  return offer.state === 'accepting' || offer.state === 'pending' ? carryOnOffer(context, offer) : offer;
}

/** The agent will not take the offer. What follows from it is done in the background. Result as `acceptOffer`. */
export async function declineOffer(
  { offers, nudgeOffers, clock }: RoutingContext,
  id: string,
  reason: string,
): Promise<KeptOffer | undefined> {
  const offer = await offers.end(id, { state: 'declined', reason, after: 'offer_next' }, clock.now());
  nudgeOffers();
  return offer ?? offers.get(id);
}
