import { CallOutcome, type InboundMessage, MessageKind } from '@tributary/contracts';
import type { LiveContact } from '../domain/offers/live-contact.ts';
import type { Arrival } from '../ports.ts';
import type { RoutingContext } from './context.ts';
import { customersLeft, type Departure } from './customers-left.ts';

/** A message and the ticket it was put on. */
export interface PlacedMessage {
  readonly message: InboundMessage;
  readonly ticketId: string;
}

/** What live channels say of the customers who wrote, by message id. */
export interface Contacts {
  /** They wait for an answer now: their ticket is offered. */
  readonly live: ReadonlyMap<string, LiveContact>;
  /** They left without a word and nobody is to be found for them, by policy. */
  readonly unwanted: ReadonlySet<string>;
}

/**
 * Notes which customers have come and which have gone, withdraws the offers of those who have gone, and says who is to be offered.
 * Doing it again changes nothing. Without a message of an offered channel it costs nothing.
 */
export async function meetContacts(context: RoutingContext, placed: readonly PlacedMessage[]): Promise<Contacts> {
  const { policy, contacts, clock } = context;
  const terms = policy.current.offers;
  const met = placed.filter(({ message }) => terms[message.channel] !== undefined);
  if (met.length === 0) return { live: new Map(), unwanted: new Set() };
  const arrivals: Arrival[] = [];
  const departures: Departure[] = [];
  const unwanted = new Set<string>();
  for (const { message, ticketId } of met) {
    const { id, channel, account, conversationKey, receivedTime } = message;
    const atMs = receivedTime?.getTime() ?? 0;
    const says = signOf(message);
    if (says === 'there') {
      arrivals.push({ ticketId, channel, account, conversationKey, messageId: id, arrivedAtMs: atMs });
    } else departures.push({ channel, conversationKey, atMs });
    if (says === 'abandoned' && terms[channel]?.whenCustomerLeaves === 'leave') unwanted.add(id);
  }
  await contacts.arrive(arrivals, clock.now());
  await customersLeft(context, departures);
  const leftAtMs = await contacts.departures(arrivals.map(({ conversationKey }) => conversationKey));
  const live = new Map<string, LiveContact>();
  for (const { ticketId: _, ...arrival } of arrivals) {
    const offered = terms[arrival.channel];
    if (offered === undefined || (leftAtMs.get(arrival.conversationKey) ?? -1) >= arrival.arrivedAtMs) continue;
    live.set(arrival.messageId, { ...arrival, terms: offered, passed: [] });
  }
  return { live, unwanted };
}

/** Whether the customer is there to be answered, as the message says: a call whose outcome is known, or a recording, is over. */
function signOf({ kind, call }: InboundMessage): 'there' | 'gone' | 'abandoned' {
  if (kind === MessageKind.MESSAGE_KIND_VOICEMAIL || call?.outbound) return 'gone';
  if (kind !== MessageKind.MESSAGE_KIND_CALL || call === undefined) return 'there';
  switch (call.outcome) {
    case CallOutcome.CALL_OUTCOME_UNSPECIFIED:
      return 'there';
    case CallOutcome.CALL_OUTCOME_ABANDONED:
    case CallOutcome.CALL_OUTCOME_FAILED:
      return 'abandoned';
    default:
      return 'gone';
  }
}
