import * as proto from '@tributary/contracts';
import type { Offer, OfferState } from '../domain/offers/offer.ts';
import { toProtoGrade } from './proto-routing.ts';

const states = {
  pending: proto.OfferState.OFFER_STATE_PENDING,
  // Ticketing has not agreed yet: an offer ends once, and not before.
  accepting: proto.OfferState.OFFER_STATE_PENDING,
  accepted: proto.OfferState.OFFER_STATE_ACCEPTED,
  declined: proto.OfferState.OFFER_STATE_DECLINED,
  timed_out: proto.OfferState.OFFER_STATE_TIMED_OUT,
  cancelled: proto.OfferState.OFFER_STATE_CANCELLED,
} as const satisfies Record<OfferState, proto.OfferState>;

/** The states that one of the contract stands for; none for one this version does not know. */
export function fromProtoOfferState(state: proto.OfferState): OfferState[] {
  return (Object.keys(states) as OfferState[]).filter((word) => states[word] === state);
}

export function toProtoOffer(offer: Offer): proto.Offer {
  const { contact, endedAtMs } = offer;
  return {
    id: offer.id,
    ticketId: offer.ticketId,
    ticketNumber: offer.ticketNumber,
    messageId: contact.messageId,
    agentId: offer.agentId,
    agentName: offer.agentName,
    agentCallAddress: offer.agentCallAddress,
    channel: contact.channel,
    account: contact.account,
    conversationKey: contact.conversationKey,
    state: states[offer.state],
    reason: offer.reason,
    madeTime: new Date(offer.madeAtMs),
    expiresTime: new Date(offer.expiresAtMs),
    endedTime: endedAtMs === undefined ? undefined : new Date(endedAtMs),
    capacityUnits: offer.units,
    decisionId: offer.decisionId,
    grade: toProtoGrade(offer.grade),
  };
}
