import { commitAssignments } from './commit-assignments.ts';
import type { RoutingContext } from './context.ts';
import { idleAgents } from './find-owners.ts';
import { handOutWaiting } from './hand-out-waiting.ts';
import { customerLeft } from './make-offers.ts';
import { decide, decisionId } from './search.ts';

/** A customer of a live channel who is gone. */
export interface Departure {
  readonly channel: string;
  readonly conversationKey: string;
  readonly atMs: number;
}

/**
 * Customers have left: their offers are withdrawn, and their tickets become ordinary work, for somebody to call back, or stay in their
 * queue, by policy. Channels that are not offered, and who came back since, are passed over. Doing it again changes nothing.
 */
export async function customersLeft(context: RoutingContext, departures: readonly Departure[]): Promise<void> {
  const { policy, contacts, offers, waiting, nudgeOffers, clock } = context;
  let hasNewWork = false;
  for (const { channel, conversationKey, atMs } of departures) {
    if (policy.current.offers[channel] === undefined) continue;
    // Noted first: an offer that is being made just now looks for it afterwards.
    const contact = await contacts.leave(conversationKey, atMs, clock.now());
    if (contact === undefined) continue;
    for (const offer of await offers.openOf([contact.ticketId])) {
      if (offer.contact.conversationKey !== conversationKey) continue;
      const end = { state: 'cancelled', reason: customerLeft, after: offer.contact.terms.whenCustomerLeaves } as const;
      if ((await offers.end(offer.id, end, clock.now())) !== undefined) nudgeOffers();
    }
    const [work] = await waiting.find([contact.ticketId]);
    if (work?.live?.conversationKey !== conversationKey) continue;
    if (work.live.terms.whenCustomerLeaves === 'assign') {
      await waiting.setLive(work.ticketId, undefined);
      hasNewWork = true;
    } else {
      const id = decisionId(work.ticketId, 'ticket_changed', work.decisionId, customerLeft);
      const search = { ...work, trigger: 'ticket_changed', messageId: '', decisionId: id, fresh: false } as const;
      await commitAssignments(context, { assignments: [], waits: [decide(search, 'not_needed', {}, clock.now())] });
      await waiting.remove([{ ticketId: work.ticketId, decisionId: work.decisionId }]);
    }
  }
  if (hasNewWork) await handOutWaiting(context, await idleAgents(context));
}
