import { type Offer, OfferState } from '@tributary/contracts';
import { plainLine } from './plain.ts';
import { dateTime, duration } from './time.ts';
import { gradeWords, offerStateWord } from './words.ts';

/** What became of an offer: `declined after 5 s: at lunch`, `pending, 12 s left`. */
export function offerOutcome(offer: Offer, nowMs: number): string {
  const { state, reason, madeTime, endedTime, expiresTime } = offer;
  if (state === OfferState.OFFER_STATE_PENDING) {
    const leftMs = (expiresTime?.getTime() ?? nowMs) - nowMs;
    return leftMs > 0 ? `pending, ${duration(leftMs)} left` : 'pending, out of time';
  }
  const took = madeTime && endedTime ? ` after ${duration(endedTime.getTime() - madeTime.getTime())}` : '';
  return `${offerStateWord(state) || 'unknown'}${took}${reason === '' ? '' : `: ${reason}`}`;
}

/** One change of an offer, for whoever watches. */
export function offerChangeLine(offer: Offer, nowMs: number): string {
  const { id, ticketNumber, agentId, channel, grade, state, madeTime, endedTime } = offer;
  const isNew = state === OfferState.OFFER_STATE_PENDING;
  const about = [channel, gradeWords(grade)].filter((word) => word !== '').join(', ');
  const happened = isNew ? `offered to ${agentId}` : `${agentId}: ${offerOutcome(offer, nowMs)}`;
  const until = isNew ? `, until ${dateTime(offer.expiresTime)}` : '';
  const line = `${dateTime(isNew ? madeTime : endedTime)} ${ticketNumber} ${happened}${until} (${about}) ${shortId(id)}`;
  return `${plainLine(line)}\n`;
}

/** Enough of an id to tell it from others; commands take it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
