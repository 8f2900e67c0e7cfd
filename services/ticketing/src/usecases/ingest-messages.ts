import type { AcknowledgementTemplate } from '../domain/acknowledgement.ts';
import type { ReceiveMessage } from '../domain/commands.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { contactId, entryOf, type GradedMessage, participantsOf } from '../domain/inbound-message.ts';
import type { Actor, Ticket } from '../domain/ticket.ts';
import type { MessagePlace, MessagePlaces, StoredTicket } from '../ports.ts';
import { type ChangeDependencies, changeTickets, type TicketWork } from './change-tickets.ts';
import { decideInTurn, type Turn } from './decide-in-turn.ts';
import { type PlacementDependencies, placeMessages } from './place-messages.ts';
import { acknowledgementFor, type ContactBook, type ContactDependencies, settleContacts } from './settle-contacts.ts';

export interface IngestDependencies extends ChangeDependencies, PlacementDependencies, ContactDependencies {
  readonly places: MessagePlaces;
  readonly policy: TicketPolicy;
  /** The template for a language, in the default language when there is none. */
  template(language: string): AcknowledgementTemplate;
  now(): number;
}

/** Where a message is now. */
export interface IngestedMessage {
  readonly messageId: string;
  readonly ticket: Ticket;
  /** This message started the ticket. */
  readonly created: boolean;
  /** It was there before. */
  readonly duplicate: boolean;
  /** Owner of another running ticket of this customer. Empty when there is none. */
  readonly runningProblemOwnerId: string;
}

/**
 * Puts each message on exactly one ticket. The steps write in this order, and each can be repeated after a crash: pointers
 * (which ticket a conversation goes to), places (which ticket a message belongs to, for ever), tickets. A place whose ticket
 * lacks the message is completed by the next delivery of that message.
 * A constant number of calls of the store, whatever the number of messages.
 * @returns one result per message, in their order.
 */
export function ingestMessages(
  items: readonly GradedMessage[],
  dependencies: IngestDependencies,
): Promise<IngestedMessage[]> {
  return dependencies.inOrder(() => ingest(items, dependencies));
}

async function ingest(items: readonly GradedMessage[], dependencies: IngestDependencies): Promise<IngestedMessage[]> {
  const { places, contacts, store } = dependencies;
  const messages = items.map(({ message }) => message);
  const [known, contactsFound] = await Promise.all([
    places.find(messages.map(({ id }) => id)),
    contacts.find([...new Set(messages.map(contactId))]),
  ]);
  const { placeOf, tickets } = await placeMessages(messages, known, dependencies);
  const starts = startsOf(items, placeOf, tickets);
  const [lost, book, owners, numbers] = await Promise.all([
    places.claim(uniquePlaces(placeOf, known)),
    settleContacts(items, starts, contactsFound, dependencies),
    store.runningOwners([...new Set([...contactsFound.values()].map(({ customerId }) => customerId))]),
    starts.size === 0 ? [] : dependencies.numbers.allocate(starts.size),
  ]);
  const final = new Map([...placeOf, ...lost]);
  if ([...lost.values()].some(({ ticketId }) => !tickets.has(ticketId))) {
    const elsewhere = await store.load([...lost.values()].map(({ ticketId }) => ticketId));
    for (const [id, ticket] of elsewhere) tickets.set(id, ticket);
  }
  const duplicates = new Set(
    messages.filter(({ id }) => holds(tickets.get(ticketIdOf(final, id)), id)).map(({ id }) => id),
  );
  const works = worksOf(items, final, book, dependencies);
  const after = await changeTickets(works, dependencies, tickets, numbers);
  const seen = new Set<string>();
  return items.map(({ message }) => {
    const ticket = after.get(ticketIdOf(final, message.id))?.ticket;
    if (ticket === undefined) throw new Error(`the ticket of message ${message.id} was not written`);
    const duplicate = duplicates.has(message.id) || seen.has(message.id);
    seen.add(message.id);
    const others = owners.get(ticket.customerId)?.filter(({ ticketId }) => ticketId !== ticket.id) ?? [];
    return {
      messageId: message.id,
      ticket,
      created: ticket.entries[0]?.id === message.id,
      duplicate,
      runningProblemOwnerId: others[0]?.ownerId ?? '',
    };
  });
}

/** Messages that, as far as is known, will start their ticket. */
function startsOf(
  items: readonly GradedMessage[],
  placeOf: ReadonlyMap<string, MessagePlace>,
  tickets: ReadonlyMap<string, StoredTicket>,
): Set<string> {
  const started = new Set<string>();
  const starts = new Set<string>();
  for (const { message } of items) {
    const ticketId = ticketIdOf(placeOf, message.id);
    if (tickets.has(ticketId) || started.has(ticketId)) continue;
    started.add(ticketId);
    starts.add(message.id);
  }
  return starts;
}

function uniquePlaces(
  placeOf: ReadonlyMap<string, MessagePlace>,
  known: ReadonlyMap<string, MessagePlace>,
): MessagePlace[] {
  return [...placeOf.values()].filter(({ messageId }) => !known.has(messageId));
}

function ticketIdOf(places: ReadonlyMap<string, MessagePlace>, messageId: string): string {
  const place = places.get(messageId);
  if (place === undefined) throw new Error(`message ${messageId} has no place`);
  return place.ticketId;
}

function holds(stored: StoredTicket | undefined, messageId: string): boolean {
  return stored?.ticket.entries.some(({ id }) => id === messageId) ?? false;
}

/** One piece of work per ticket: all of its messages, in order. */
function worksOf(
  items: readonly GradedMessage[],
  places: ReadonlyMap<string, MessagePlace>,
  book: ContactBook,
  dependencies: IngestDependencies,
): TicketWork[] {
  const byTicket = new Map<string, GradedMessage[]>();
  for (const item of items) {
    const ticketId = ticketIdOf(places, item.message.id);
    const group = byTicket.get(ticketId);
    if (group === undefined) byTicket.set(ticketId, [item]);
    else group.push(item);
  }
  return [...byTicket].map(([ticketId, group]) => ({
    ticketId,
    decide(current, newNumber) {
      const number = current?.ticket.number ?? newNumber();
      const turns = group.map((item): Turn => {
        const followsTicketId = places.get(item.message.id)?.followsTicketId ?? '';
        const [actor, command] = commandOf(item, ticketId, number, followsTicketId, book, dependencies);
        return { command, actor, commandId: item.message.id, traceparent: item.traceparent };
      });
      return decideInTurn(current?.ticket, turns, dependencies);
    },
  }));
}

function commandOf(
  { message, grade }: GradedMessage,
  ticketId: string,
  number: string,
  followsTicketId: string,
  book: ContactBook,
  dependencies: IngestDependencies,
): [Actor, ReceiveMessage] {
  const { customerId, mayAcknowledge } = book(message);
  const entry = entryOf(message, customerId, dependencies.now());
  const acknowledgement = mayAcknowledge
    ? acknowledgementFor({ message, grade }, ticketId, number, dependencies)
    : undefined;
  const command: ReceiveMessage = {
    type: 'receiveMessage',
    entry,
    participants: participantsOf(message),
    ...(message.bounce !== undefined && { bounce: message.bounce }),
    start: {
      ticketId,
      number,
      customerId,
      contact: message.sender,
      subject: message.subject,
      grade,
      channel: message.channel,
      account: message.account,
      conversationKey: message.conversationKey,
      followsTicketId,
      receivedAtMs: message.receivedAtMs,
      ...(acknowledgement !== undefined && { acknowledgement }),
    },
  };
  return [entry.author, command];
}
