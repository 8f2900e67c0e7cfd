import type { Automatic } from './ticket.ts';

/** What decides where a message goes. */
export interface IncomingMessage {
  readonly channel: string;
  readonly account: string;
  readonly conversationKey: string;
  /** Contact key of the sender as far as it is verified; empty when it is only claimed or there is none. */
  readonly senderKey: string;
  /** The ticket this is proved to answer. Empty when there is no proof. */
  readonly replyToTicketId: string;
  /** Provider's ids of earlier messages, oldest first. */
  readonly references: readonly string[];
  readonly automatic: Automatic;
  /** `OutboundMessage.id` of the message that bounced. Empty when this is no bounce or it could not be told. */
  readonly bouncedEntryId: string;
  /** True when only the customer's session holds the conversation key, so that the key proves the sender. */
  readonly keyProvesSender: boolean;
  /** Anyone can read it. */
  readonly isPublic: boolean;
  /** On its channel, what began in public is continued in private. */
  readonly publicFirst: boolean;
  /** True when it only says how a call went: it belongs where the call is, also when that ticket is over. */
  readonly reportsCall: boolean;
}

/** What is known of a ticket when messages are placed. */
export interface KnownTicket {
  readonly id: string;
  /** True when it takes no further message: closed or full. Its follow-up does. */
  readonly over: boolean;
  /** True while somebody should be working on it. */
  readonly running: boolean;
  readonly participants: ReadonlySet<string>;
  readonly receivedAtMs: number;
}

/** Which ticket a conversation, or the follow-up of a ticket, goes to. Made once under a unique key. */
export interface Pointer {
  readonly key: string;
  readonly ticketId: string;
  /** Who is on that ticket though it may not be written yet. */
  readonly holderKey: string;
  /** The ticket it follows up. Empty when none. */
  readonly followsTicketId: string;
}

/** All that a placement looks at. */
export interface PlacementBook {
  ticket(id: string): KnownTicket | undefined;
  /** Tickets that hold this message (see `inboundReference` and `outboundReference`). */
  ticketsWith(reference: string): readonly string[];
  pointer(key: string): Pointer | undefined;
}

export interface Placement {
  readonly ticketId: string;
  /** Set when the ticket follows up another. */
  readonly followsTicketId: string;
  /** Pointers to be made under their unique key before the message is put there. */
  readonly claims: readonly Pointer[];
  /** Pointers that may be moved on to this ticket; whether it succeeds does not matter. */
  readonly moves: readonly Pointer[];
}

/** Most references looked at, from the latest on. */
const maxReferences = 50;

const conversationPointer = (conversationKey: string) => `conversation ${conversationKey}`;
const senderPointer = (conversationKey: string, senderKey: string) => `sender ${senderKey} ${conversationKey}`;
const publicPointer = ({ channel, account, senderKey }: IncomingMessage) => `public ${senderKey} ${channel} ${account}`;
export const followUpPointer = (ticketId: string) => `follow-up ${ticketId}`;
export const inboundReference = (channel: string, providerMessageId: string) => `in ${channel} ${providerMessageId}`;
export const outboundReference = (channel: string, providerMessageId: string) => `out ${channel} ${providerMessageId}`;
export const outboundEntryReference = (entryId: string) => `entry ${entryId}`;

/** References whose tickets `placeMessage` will ask for. */
export function referencesOf(message: IncomingMessage): string[] {
  const references = message.references
    .slice(-maxReferences)
    .flatMap((id) => [outboundReference(message.channel, id), inboundReference(message.channel, id)]);
  if (message.bouncedEntryId !== '') references.push(outboundEntryReference(message.bouncedEntryId));
  return references;
}

/** Keys of the pointers `placeMessage` will ask for, those of follow-ups apart. */
export function pointersOf(message: IncomingMessage): string[] {
  const own = conversationPointers(message);
  return hasPublicPointer(message) ? [...own, publicPointer(message)] : own;
}

function conversationPointers({ conversationKey, senderKey, keyProvesSender }: IncomingMessage): string[] {
  const common = conversationPointer(conversationKey);
  return senderKey === '' || keyProvesSender ? [common] : [common, senderPointer(conversationKey, senderKey)];
}

/** A person whom the channel vouches for, on a channel where public comes first: their last public ticket is remembered. */
function hasPublicPointer({ publicFirst, senderKey, automatic }: IncomingMessage): boolean {
  return publicFirst && senderKey !== '' && automatic === 'none';
}

/**
 * Where a message goes. In this order: the ticket a token proves; a ticket that holds a message it refers to and has its
 * sender on it; the ticket of the conversation, if it has the sender on it and is running; for a private message, the running
 * ticket on which its sender wrote last in public, on the same account; the ticket of the conversation that is not running; a
 * new ticket. What goes to a ticket that is over goes to its follow-up. Nothing that a stranger can write or quote lets them
 * onto somebody's ticket; only a bounce of one of our own messages comes from somebody who need not be on it.
 * @param newTicketId The id of the ticket that this message would start.
 */
export function placeMessage(message: IncomingMessage, book: PlacementBook, newTicketId: string): Placement {
  const placement = placeByRules(message, book, newTicketId);
  if (!message.isPublic || !hasPublicPointer(message)) return placement;
  const { ticketId } = placement;
  const before = book.pointer(publicPointer(message));
  if (before?.ticketId === ticketId) return placement;
  const pointer = { key: publicPointer(message), ticketId, holderKey: message.senderKey, followsTicketId: '' };
  return before === undefined
    ? { ...placement, claims: [...placement.claims, pointer] }
    : { ...placement, moves: [...placement.moves, pointer] };
}

function placeByRules(message: IncomingMessage, book: PlacementBook, newTicketId: string): Placement {
  const own = conversationTicket(message, book);
  const named = provenTicket(message, book) ?? referredTicket(message, book);
  if (named === undefined && book.ticket(own?.ticketId ?? '')?.running !== true) {
    const continued = continuedTicket(message, book, own?.pointer);
    if (continued !== undefined) return continued;
  }
  const found: Found | undefined = named ?? own;
  if (found === undefined) {
    return { ticketId: newTicketId, followsTicketId: '', claims: newPointer(message, book, newTicketId), moves: [] };
  }
  let { ticketId, followsTicketId } = found;
  while (book.ticket(ticketId)?.over && !message.reportsCall) {
    const next = book.pointer(followUpPointer(ticketId));
    followsTicketId = ticketId;
    if (next === undefined) {
      const followUp = { ticketId: newTicketId, holderKey: message.senderKey, followsTicketId };
      return {
        ticketId: newTicketId,
        followsTicketId,
        claims: [{ key: followUpPointer(ticketId), ...followUp }],
        moves: found.pointer === undefined ? [] : [{ key: found.pointer.key, ...followUp }],
      };
    }
    ticketId = next.ticketId;
  }
  return { ticketId, followsTicketId, claims: [], moves: [] };
}

/**
 * Private goes on where public began: for that very person, and only while the ticket is running. The private conversation
 * stays with that ticket from then on.
 */
function continuedTicket(
  message: IncomingMessage,
  book: PlacementBook,
  own: Pointer | undefined,
): Placement | undefined {
  if (message.isPublic || !hasPublicPointer(message)) return undefined;
  const ticketId = book.pointer(publicPointer(message))?.ticketId ?? '';
  const ticket = book.ticket(ticketId);
  if (ticket === undefined || !ticket.running || ticket.over || !ticket.participants.has(message.senderKey))
    return undefined;
  const moved = own && { key: own.key, ticketId, holderKey: message.senderKey, followsTicketId: '' };
  return {
    ticketId,
    followsTicketId: '',
    claims: moved === undefined ? newPointer(message, book, ticketId) : [],
    moves: moved === undefined ? [] : [moved],
  };
}

interface Found {
  readonly ticketId: string;
  readonly followsTicketId: string;
  readonly pointer?: Pointer;
}

function provenTicket({ replyToTicketId }: IncomingMessage, book: PlacementBook): Found | undefined {
  if (replyToTicketId === '' || book.ticket(replyToTicketId) === undefined) return undefined;
  return { ticketId: replyToTicketId, followsTicketId: '' };
}

function referredTicket(message: IncomingMessage, book: PlacementBook): Found | undefined {
  const candidates = new Set<string>();
  if (message.automatic === 'bounce') {
    // Its sender is a mail server. It must name something that only we have sent.
    for (const id of book.ticketsWith(outboundEntryReference(message.bouncedEntryId))) candidates.add(id);
    for (const reference of message.references) {
      for (const id of book.ticketsWith(outboundReference(message.channel, reference))) candidates.add(id);
    }
  }
  if (message.senderKey !== '') {
    for (const reference of referencesOf(message)) {
      for (const id of book.ticketsWith(reference)) {
        if (book.ticket(id)?.participants.has(message.senderKey)) candidates.add(id);
      }
    }
  }
  const [best] = [...candidates]
    .map((id) => book.ticket(id))
    .filter((ticket) => ticket !== undefined)
    .sort(
      (a, b) =>
        Number(b.running) - Number(a.running) ||
        Number(a.over) - Number(b.over) ||
        b.receivedAtMs - a.receivedAtMs ||
        (a.id < b.id ? -1 : 1),
    );
  return best && { ticketId: best.id, followsTicketId: '' };
}

function conversationTicket(message: IncomingMessage, book: PlacementBook): Found | undefined {
  for (const key of conversationPointers(message)) {
    const pointer = book.pointer(key);
    if (pointer === undefined) continue;
    const { ticketId, followsTicketId, holderKey } = pointer;
    const isOnIt =
      message.keyProvesSender ||
      (message.senderKey !== '' &&
        (holderKey === message.senderKey || book.ticket(ticketId)?.participants.has(message.senderKey) === true));
    if (isOnIt) return { ticketId, followsTicketId, pointer };
  }
  return undefined;
}

function newPointer(message: IncomingMessage, book: PlacementBook, ticketId: string): Pointer[] {
  const key = conversationPointers(message).find((candidate) => book.pointer(candidate) === undefined);
  return key === undefined ? [] : [{ key, ticketId, holderKey: message.senderKey, followsTicketId: '' }];
}
