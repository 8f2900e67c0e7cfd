import { hashId } from '@tributary/contracts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { type InboundMessage, incoming, participantsOf } from '../domain/inbound-message.ts';
import {
  followUpPointer,
  type IncomingMessage,
  inboundReference,
  type KnownTicket,
  type Placement,
  type PlacementBook,
  type Pointer,
  placeMessage,
  pointersOf,
  referencesOf,
} from '../domain/placement.ts';
import { isFull, isRunning, verifiedKey } from '../domain/ticket.ts';
import type { MessagePlace, Pointers, StoredTicket, TicketStore } from '../ports.ts';

export interface PlacementDependencies {
  readonly store: TicketStore;
  readonly pointers: Pointers;
  readonly policy: TicketPolicy;
}

export interface Placed {
  readonly placeOf: Map<string, MessagePlace>;
  /** Tickets that exist, of those the messages are placed on. */
  readonly tickets: Map<string, StoredTicket>;
}

/**
 * Decides where each message goes and makes the pointers that decide it for others too. Messages that have a place keep it.
 * When somebody else made one of the pointers at the same time, everything is looked up and decided anew.
 */
export async function placeMessages(
  messages: readonly InboundMessage[],
  known: ReadonlyMap<string, MessagePlace>,
  dependencies: PlacementDependencies,
): Promise<Placed> {
  const { pointers, policy } = dependencies;
  for (;;) {
    const book = await openBook(messages, known, dependencies);
    const placeOf = new Map<string, MessagePlace>();
    const claims: Pointer[] = [];
    const moves: Pointer[] = [];
    for (const message of messages) {
      const { id } = message;
      const place = known.get(id) ?? placeOf.get(id);
      const asked = incoming(message, policy);
      const placement: Placement =
        place === undefined ? placeMessage(asked, book, hashId('ticket', id)) : { ...place, claims: [], moves: [] };
      const { ticketId, followsTicketId } = placement;
      placeOf.set(id, { messageId: id, ticketId, followsTicketId });
      for (const pointer of [...placement.claims, ...placement.moves]) book.addPointer(pointer);
      claims.push(...placement.claims);
      moves.push(...placement.moves);
      book.addMessage(message, ticketId);
    }
    const [isOurs] = await Promise.all([
      claims.length === 0 || pointers.claim(claims),
      moves.length > 0 && pointers.move(moves),
    ]);
    if (isOurs) return { placeOf, tickets: book.tickets };
  }
}

/** Reads all that the placement of these messages looks at, in a constant number of calls when no ticket is over. */
async function openBook(
  messages: readonly InboundMessage[],
  known: ReadonlyMap<string, MessagePlace>,
  { store, pointers, policy }: PlacementDependencies,
): Promise<Book> {
  const unplaced = messages.filter(({ id }) => !known.has(id));
  const asked: IncomingMessage[] = unplaced.map((message) => incoming(message, policy));
  const references = [...new Set(asked.flatMap(referencesOf))];
  const [pointersFound, referred] = await Promise.all([
    pointers.find([...new Set(asked.flatMap(pointersOf))]),
    references.length === 0 ? new Map<string, StoredTicket[]>() : store.loadByReference(references),
  ]);
  const book = new Book(pointersFound, referred);
  let wanted = new Set([
    ...[...known.values()].map(({ ticketId }) => ticketId),
    ...asked.map(({ replyToTicketId }) => replyToTicketId).filter((id) => id !== ''),
    ...[...pointersFound.values()].map(({ ticketId }) => ticketId),
  ]);
  let followed = new Set<string>();
  for (;;) {
    const missing = [...wanted].filter((id) => !book.tickets.has(id));
    if (missing.length > 0) for (const [id, ticket] of await store.load(missing)) book.tickets.set(id, ticket);
    const over = [...book.tickets.values()].filter(({ ticket }) => isOver(ticket)).map(({ ticket }) => ticket.id);
    const unknown = over.filter((id) => !followed.has(id));
    if (unknown.length === 0) return book;
    followed = new Set(over);
    const followUps = await pointers.find(unknown.map(followUpPointer));
    for (const pointer of followUps.values()) book.addPointer(pointer);
    wanted = new Set([...followUps.values()].map(({ ticketId }) => ticketId));
  }
}

function isOver(ticket: StoredTicket['ticket']): boolean {
  return ticket.state === 'closed' || isFull(ticket);
}

/** What is stored, and what the messages of this batch that were placed before add to it. */
class Book implements PlacementBook {
  readonly tickets = new Map<string, StoredTicket>();
  readonly #pointers: Map<string, Pointer>;
  readonly #byReference = new Map<string, string[]>();
  readonly #known = new Map<string, KnownTicket & { participants: Set<string> }>();

  constructor(pointers: ReadonlyMap<string, Pointer>, referred: ReadonlyMap<string, readonly StoredTicket[]>) {
    this.#pointers = new Map(pointers);
    for (const [reference, tickets] of referred) {
      for (const stored of tickets) {
        this.tickets.set(stored.ticket.id, stored);
        this.#addReference(reference, stored.ticket.id);
      }
    }
  }

  ticket(id: string): KnownTicket | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const stored = this.tickets.get(id)?.ticket;
    if (stored === undefined) return undefined;
    const ticket = {
      id,
      over: isOver(stored),
      running: isRunning(stored.state),
      participants: new Set(stored.participants),
      receivedAtMs: stored.receivedAtMs,
    };
    this.#known.set(id, ticket);
    return ticket;
  }

  ticketsWith(reference: string): readonly string[] {
    return this.#byReference.get(reference) ?? [];
  }

  pointer(key: string): Pointer | undefined {
    return this.#pointers.get(key);
  }

  addPointer(pointer: Pointer): void {
    this.#pointers.set(pointer.key, pointer);
  }

  /** Notes that a message went to a ticket, for the placement of those after it. */
  addMessage(message: InboundMessage, ticketId: string): void {
    let ticket = this.ticket(ticketId) as (KnownTicket & { participants: Set<string> }) | undefined;
    if (ticket === undefined) {
      const { receivedAtMs } = message;
      ticket = { id: ticketId, over: false, running: true, participants: new Set<string>(), receivedAtMs };
      const starter = verifiedKey(message.sender);
      if (starter !== '') ticket.participants.add(starter);
      this.#known.set(ticketId, ticket);
    }
    for (const participant of participantsOf(message)) ticket.participants.add(participant);
    if (message.providerMessageId === '') return;
    this.#addReference(inboundReference(message.channel, message.providerMessageId), ticketId);
  }

  #addReference(reference: string, ticketId: string): void {
    const tickets = this.#byReference.get(reference);
    if (tickets === undefined) this.#byReference.set(reference, [ticketId]);
    else if (!tickets.includes(ticketId)) tickets.push(ticketId);
  }
}
