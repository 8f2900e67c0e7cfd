import type { Grade } from '../grading/grade.ts';
import type { LiveContact } from './live-contact.ts';

/**
 * `accepting`: the agent has said yes and ticketing is being asked; to everybody else it is still pending. All but `pending` and
 * `accepting` are final.
 */
export type OfferState = 'pending' | 'accepting' | 'accepted' | 'declined' | 'timed_out' | 'cancelled';
export type EndedState = Exclude<OfferState, 'pending' | 'accepting'>;

/**
 * What is to become of a ticket whose offer ended without an owner: it is offered to the next, becomes ordinary work, stays in its
 * queue, or whoever ended the offer sees to it.
 */
export type AfterOffer = 'offer_next' | 'assign' | 'leave' | 'nothing';

/** A live contact offered to one agent, whose capacity it reserves. */
export interface Offer {
  readonly id: string;
  readonly ticketId: string;
  readonly ticketNumber: string;
  readonly agentId: string;
  readonly agentName: string;
  /** Empty when they have none. */
  readonly agentCallAddress: string;
  readonly contact: LiveContact;
  readonly state: OfferState;
  /** Why it was declined or cancelled. Empty otherwise. */
  readonly reason: string;
  readonly madeAtMs: number;
  readonly expiresAtMs: number;
  /** Absent while it has not ended. */
  readonly endedAtMs?: number;
  readonly units: number;
  /** The decision that made it. */
  readonly decisionId: string;
  readonly grade: Grade;
}

export function isEnded({ state }: Pick<Offer, 'state'>): boolean {
  return state !== 'pending' && state !== 'accepting';
}
