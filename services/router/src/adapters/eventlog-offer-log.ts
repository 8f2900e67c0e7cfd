import { encodeEvent, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { OfferLog } from '../ports.ts';
import { countOffer } from '../telemetry.ts';
import { toProtoOffer } from './proto-offer.ts';

/** Publishes offers on routing.offers.v1. */
export function createOfferLog(eventLog: EventLog): OfferLog {
  return {
    async publish(offers) {
      if (offers.length === 0) return;
      await eventLog.append(offers.map((offer) => encodeEvent(topics.offers, toProtoOffer(offer), 'tributary/router')));
      for (const { contact, state } of offers) countOffer(contact.channel, state);
    },
  };
}
