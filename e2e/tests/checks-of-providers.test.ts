import { DeliveryStatus, Offer, OfferState, OutboundMessage, Ticket, TicketEvent } from '@tributary/contracts';
import { expect, test } from 'vitest';
import { checkAnswersLeave } from '../src/checks/answers.ts';
import { checkMessagePlaces } from '../src/checks/message-places.ts';
import { checkOffers } from '../src/checks/offers.ts';
import { checkProviderArrivals } from '../src/checks/provider-arrivals.ts';
import type { History } from '../src/history.ts';
import { delivery, smallHistory } from './small-history.ts';

const {
  DELIVERY_STATUS_SENT: sent,
  DELIVERY_STATUS_UNCERTAIN: uncertain,
  DELIVERY_STATUS_FAILED: failed,
} = DeliveryStatus;
const {
  OFFER_STATE_PENDING: pending,
  OFFER_STATE_ACCEPTED: accepted,
  OFFER_STATE_DECLINED: declined,
  OFFER_STATE_TIMED_OUT: timedOut,
} = OfferState;

const outbound = ['one', 'two'].map((text) =>
  OutboundMessage.fromPartial({ id: text, channel: 'sms', conversationKey: 'sms:1', text }),
);
const whole = (part: Partial<History>): History => ({ ...(smallHistory() as History), ...part });

/** What is found broken when these texts arrived and the two messages ended so. */
function arriving(texts: readonly string[], first: DeliveryStatus = sent): string[] {
  const history = whole({
    outbound,
    deliveries: [delivery('one', first), delivery('two', sent)],
    arrivals: texts.map((text) => ({ channel: 'sms', text })),
  });
  return checkProviderArrivals(history).map(({ promise }) => promise);
}

test('what a provider accepted must be each message that counts as sent, once, in order, and nothing else', () => {
  expect(arriving(['one', 'two'])).toEqual([]);
  expect(arriving(['one', 'one', 'two'])).toEqual(['a message arrives once']);
  expect(arriving(['two'])).toEqual(['a message that counts as sent arrives']);
  expect(arriving(['two', 'one'])).toEqual(['messages of a conversation arrive in order']);
  expect(arriving(['one', 'two', 'three'])).toEqual(['only what left a ticket is sent']);
  expect(arriving(['one', 'two'], failed)).toEqual(['a message is sent or uncertain']);
});

test('a text that several were sent says nothing about the order in which one of them got theirs', () => {
  const [invited, answered, other] = ['invited', 'answered', 'other'].map((id) =>
    OutboundMessage.fromPartial({
      ...{ id, channel: 'weibo', conversationKey: id === 'other' ? 'weibo:2' : 'weibo:1' },
      text: id === 'answered' ? 'An answer' : 'Please write privately',
    }),
  );
  const history = whole({
    outbound: [invited, answered, other].filter((each) => each !== undefined),
    deliveries: ['invited', 'answered', 'other'].map((id) => delivery(id, sent)),
    arrivals: ['Please write privately', 'An answer', 'Please write privately'].map((text) => ({
      channel: 'weibo',
      text,
    })),
  });
  expect(checkProviderArrivals(history)).toEqual([]);
});

test('whoever reviewed us is not told that we have it', () => {
  const { tickets, ...rest } = smallHistory() as History;
  const reviews = tickets.map((ticket) => ({ ...ticket, channel: 'app-store' }));
  expect(checkAnswersLeave({ ...rest, tickets: reviews }).map(({ promise }) => promise)).toEqual([
    'nobody is told what they need not be told',
    'nobody is told what they need not be told',
  ]);
});

test('a message that its provider numbers for itself is found by its text', () => {
  const { tickets, messages, ...rest } = smallHistory() as History;
  const [message] = messages;
  const [entry] = tickets[0]?.entries ?? [];
  if (message === undefined || entry === undefined) throw new Error('the small history holds mails');
  const ticket = Ticket.fromPartial({ id: 't-feed', entries: [{ ...entry, channel: 'feeds', text: 'We were there' }] });
  const post = { ...message, channel: 'feeds' as const, providerId: 'We were there' };
  const history = { ...rest, tickets: [...tickets, ticket], messages: [...messages, post] };
  expect(checkMessagePlaces(history)).toEqual([]);
  expect(checkMessagePlaces({ ...history, tickets }).map(({ promise }) => promise)).toEqual([
    'an acknowledged message is on a ticket',
  ]);
});

test('a message in doubt may have arrived or not, but not twice', () => {
  expect(arriving(['two'], uncertain)).toEqual([]);
  expect(arriving(['one', 'two'], uncertain)).toEqual([]);
  expect(arriving(['one', 'one', 'two'], uncertain)).toEqual(['a message arrives once']);
});

const offer = (id: string, agentId: string, state: OfferState, madeAtMs: number, endedAtMs: number) =>
  Offer.fromPartial({
    ...{ id, agentId, state, ticketId: 't-1', madeTime: new Date(madeAtMs) },
    ...(state !== pending && { endedTime: new Date(endedAtMs) }),
  });
const assigned = (sequence: bigint, ownerId: string) =>
  TicketEvent.fromPartial({
    ...{ id: `event-${sequence}`, ticketId: 't-1', sequence },
    change: { $case: 'assigned', value: { ownerId } },
  });
const declinedThenTaken = [
  offer('o-1', 'ada', pending, 1, 0),
  offer('o-1', 'ada', declined, 1, 2),
  offer('o-2', 'bob', pending, 2, 0),
  offer('o-2', 'bob', accepted, 2, 3),
];

function offered(part: Partial<Pick<History, 'offers' | 'offerAnswers' | 'ticketEvents'>>): string[] {
  const history = whole({ offers: declinedThenTaken, offerAnswers: [], ticketEvents: [assigned(2n, 'bob')], ...part });
  return checkOffers(history).map(({ promise }) => promise);
}

test('every offer ends once, one at a time, as it was answered, and makes its agent the one owner', () => {
  expect(offered({})).toEqual([]);
  expect(offered({ offers: [...declinedThenTaken, ...declinedThenTaken] })).toEqual([]);
  expect(offered({ offers: [...declinedThenTaken, offer('o-3', 'cyd', pending, 4, 0)] })).toEqual(['every offer ends']);
  expect(offered({ offers: [...declinedThenTaken, offer('o-1', 'ada', timedOut, 1, 2)] })).toEqual([
    'an offer ends once',
  ]);
  expect(offered({ offerAnswers: [{ offerId: 'o-1', kind: 'accept', result: 'accepted' }] })).toEqual([
    'an answer to an offer holds',
  ]);
  expect(offered({ offerAnswers: [{ offerId: 'o-1', kind: 'accept', result: 'refused' }] })).toEqual([]);
  expect(offered({ offers: [...declinedThenTaken, offer('o-3', 'cyd', declined, 1, 3)] })).toContain(
    'a contact is offered to one agent at a time',
  );
  expect(offered({ ticketEvents: [assigned(2n, 'ada')] })).toEqual(['whoever accepts owns the ticket']);
  expect(offered({ ticketEvents: [assigned(2n, 'bob'), assigned(3n, 'ada')] })).toEqual(['a ticket has one owner']);
});
