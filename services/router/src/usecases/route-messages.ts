import type { InboundMessage } from '@tributary/contracts';
import type { Decision } from '../domain/decision.ts';
import type { GradingInput } from '../domain/grading/grade.ts';
import { gradeMessage } from '../domain/grading/grade-message.ts';
import type { IngestItem, IngestResult, MessagePlace } from '../ports.ts';
import type { RoutingContext } from './context.ts';
import { findOwners } from './find-owners.ts';
import { type Contacts, meetContacts, type PlacedMessage } from './meet-contacts.ts';
import { decide, decisionId, type Search, startSearch } from './search.ts';

export interface ReceivedMessage {
  readonly message: InboundMessage;
  /** Of the encoded message. */
  readonly bytes: number;
  /** W3C trace context in which it came. */
  readonly traceparent?: string | undefined;
}

/** A message that ticketing can never take. */
export interface RefusedMessage {
  readonly index: number;
  readonly error: string;
}

/**
 * Grades messages, has ticketing put them on tickets and finds owners for those that want one. Resolves when all of it is
 * stored and every decision published. Doing it again with the same messages changes nothing.
 */
export async function routeMessages(
  context: RoutingContext,
  received: readonly ReceivedMessage[],
): Promise<RefusedMessage[]> {
  const policy = context.policy.current;
  const places = await ingest(
    context,
    received.map((each) => ({ ...each, grade: gradeMessage(gradingInput(each.message), policy) })),
  );
  const { live, unwanted } = await meetContactsOf(context, received, places);
  const refused: RefusedMessage[] = [];
  const placed: Search[] = [];
  const owned: { readonly search: Search; readonly place: MessagePlace }[] = [];
  const searched = new Set<string>();
  places.forEach((answer, index) => {
    if ('error' in answer) {
      refused.push({ index, error: answer.error });
      return;
    }
    const message = received[index]?.message;
    if (message === undefined) throw new Error('ticketing answered for more messages than it got');
    const place = unwanted.has(message.id) ? { ...answer, needsOwner: false } : answer;
    const contact = live.get(message.id);
    const search = startSearch(
      { ...place, channel: message.channel, contactAddress: message.sender?.address ?? '' },
      {
        trigger: 'message',
        messageId: message.id,
        decisionId: decisionId(place.ticketId, 'message', message.id),
        fresh: place.created && !place.duplicate,
        excludedAgentIds: [],
        ...(contact !== undefined && { live: contact }),
      },
      policy,
      context.clock.now(),
    );
    // Of several messages of one ticket the first looks for the owner; the others then find it owned.
    if (place.needsOwner && !searched.has(place.ticketId)) placed.push(search);
    else owned.push({ search, place });
    searched.add(place.ticketId);
  });

  const decisions = await findOwners(context, placed);
  await tellOthers(context, owned, decisions);
  return refused;
}

/** With what other partitions have for ticketing just then. */
function ingest(
  { ingesting, tickets }: RoutingContext,
  items: readonly IngestItem[],
): Promise<readonly IngestResult[]> {
  const messageIds = items.map(({ message }) => message.id);
  return ingesting.ask(items, messageIds, async (asks) => {
    const results = await tickets.ingest(asks.flat());
    let from = 0;
    return asks.map(({ length }) => {
      from += length;
      return results.slice(from - length, from);
    });
  });
}

function meetContactsOf(
  context: RoutingContext,
  received: readonly ReceivedMessage[],
  places: readonly (MessagePlace | { readonly error: string })[],
): Promise<Contacts> {
  const placed = received.flatMap(({ message }, index): PlacedMessage[] => {
    const place = places[index];
    return place === undefined || 'error' in place ? [] : [{ message, ticketId: place.ticketId }];
  });
  return meetContacts(context, placed);
}

/** Decides for messages that need no search: their ticket has an owner, just got one, waits already, or wants none. */
async function tellOthers(
  { decisions, decisionLog, clock }: RoutingContext,
  owned: readonly { readonly search: Search; readonly place: MessagePlace }[],
  justMade: readonly Decision[],
): Promise<void> {
  if (owned.length === 0) return;
  const latest = new Map(justMade.map((decision) => [decision.ticketId, decision]));
  const repeated = owned.filter(({ place }) => place.duplicate).map(({ search }) => search.decisionId);
  const before = new Map((await decisions.find(repeated)).map((decision) => [decision.id, decision]));
  const made: Decision[] = [];
  const known: Decision[] = [];
  for (const { search, place } of owned) {
    const stored = before.get(search.decisionId);
    if (stored !== undefined) {
      known.push(stored);
      continue;
    }
    const last = latest.get(search.ticketId);
    const ownerId = place.ownerId || (last?.agentId ?? '');
    if (place.ownerId === '' && last?.outcome === 'offered') {
      made.push(decide(search, 'offered', { agentId: last.agentId, offerId: last.offerId }, clock.now()));
    } else if (ownerId !== '') made.push(decide(search, 'kept_owner', { agentId: ownerId }, clock.now()));
    else made.push(decide(search, place.needsOwner ? 'waiting' : 'not_needed', {}, clock.now()));
  }
  await decisions.save(made, clock.now());
  await decisionLog.publish([...known, ...made]);
}

function gradingInput(message: InboundMessage): GradingInput {
  return {
    subject: message.subject,
    text: message.text,
    channel: message.channel,
    account: message.account,
    contactKind: message.sender?.kind ?? '',
    contactAddress: message.sender?.address ?? '',
    languageHint: message.languageHint,
    regionHint: message.regionHint,
  };
}
