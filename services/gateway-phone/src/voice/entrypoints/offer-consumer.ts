import { decodeEvent, type Offer, topics } from '@tributary/contracts';
import { type ConsumeOptions, decodeBatch } from '@tributary/eventlog';

/** Follows the offers that the router makes. @param follow Must bear repeats. */
export function consumeOffers(follow: (offer: Offer) => Promise<void>): ConsumeOptions {
  return {
    group: 'gateway-phone-offers',
    topics: [topics.offers.name],
    async handle(batch) {
      const offers = await decodeBatch(batch, (record) => decodeEvent(topics.offers, record));
      // The offers of one ticket come in their order; those of several do not wait for each other.
      const byTicket = Map.groupBy(offers, ({ message }) => message.ticketId);
      await Promise.all(
        [...byTicket.values()].map(async (ofTicket) => {
          for (const { message } of ofTicket) await follow(message);
        }),
      );
    },
  };
}
