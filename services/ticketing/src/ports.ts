import type { TicketEvent } from './domain/changes.ts';
import type { Pointer } from './domain/placement.ts';
import type { Ticket, TicketState } from './domain/ticket.ts';

/** An event with the publication that brings it out. */
export interface StoredEvent extends TicketEvent {
  readonly publication: string;
}

/** A ticket as it is stored: its state and its whole history. */
export interface StoredTicket {
  readonly ticket: Ticket;
  readonly events: readonly StoredEvent[];
  /** Latest commands that changed nothing: they left no event behind to tell a repeat by. */
  readonly idleCommandIds: readonly string[];
  /** Terms it is found by. */
  readonly terms: readonly string[];
}

export interface TicketChange {
  /** What the change was decided on. Absent: the ticket is new. */
  readonly before: StoredTicket | undefined;
  readonly ticket: Ticket;
  /** Events that were added. */
  readonly events: readonly TicketEvent[];
  /** A command that changed nothing and is to be remembered. */
  readonly idleCommandId?: string;
}

export interface TicketFilter {
  readonly states?: readonly TicketState[];
  readonly ownerId?: string;
  readonly region?: string;
  readonly channel?: string;
  readonly customerId?: string;
  readonly queue?: string;
  readonly unassigned?: boolean;
  /** All of them must be on the ticket. */
  readonly terms?: readonly string[];
  /** Only what lies in these regions or is this owner's. An empty owner: only the regions. */
  readonly view?: { readonly regions: readonly string[]; readonly ownerId: string };
}

export interface TicketPage {
  /** Without entries, newest first. */
  readonly tickets: readonly Ticket[];
  /** Empty on the last page. */
  readonly nextPageToken: string;
}

/** Runs work whose writes to the store follow each other; see the document store's `inOrder`. */
export type InOrder = <T>(work: () => Promise<T>) => Promise<T>;

export interface TicketStore {
  load(ids: readonly string[]): Promise<Map<string, StoredTicket>>;
  loadByNumber(number: string): Promise<StoredTicket | undefined>;
  /** Tickets that hold one of these messages, by reference (see placement). */
  loadByReference(references: readonly string[]): Promise<Map<string, StoredTicket[]>>;
  /**
   * Writes state and events of every ticket in one update each, provided the ticket is still as in `before`.
   * @param publication Brings out the events. Absent when there are none.
   * @returns the tickets as they are now, or undefined when at least one of them was not as in `before`; the others are written.
   */
  save(changes: readonly TicketChange[], publication?: string): Promise<StoredTicket[] | undefined>;
  /** Owners of running tickets, by customer: the ticket received last first. */
  runningOwners(customerIds: readonly string[]): Promise<Map<string, { ticketId: string; ownerId: string }[]>>;
  /** @throws InvalidPageTokenError */
  list(filter: TicketFilter, pageSize: number, pageToken: string): Promise<TicketPage>;
}

/** A note that tickets are about to have news, or have it. */
export interface Publication {
  readonly id: string;
  readonly ticketIds: readonly string[];
  readonly announcedAtMs: number;
  /** Until when it is this replica's alone. */
  readonly untilMs: number;
}

export interface Publications {
  /** Makes a note. */
  announce(ticketIds: readonly string[]): Promise<Publication>;
  /** True when this replica, in this life, made it. */
  isOwn(id: string): boolean;
  /** Those whose note is still there. */
  unfinished(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Prolongs the leases this replica still holds. @returns those. */
  renew(ids: readonly string[]): Promise<Publication[]>;
  /** Takes notes whose lease ran out. @returns those it got. */
  takeOver(limit: number): Promise<Publication[]>;
  /** Leaves only these tickets in notes. */
  narrow(publications: readonly Pick<Publication, 'id' | 'ticketIds'>[]): Promise<void>;
  /** Removes notes: their events are appended. */
  takeBack(ids: readonly string[]): Promise<void>;
}

/** Where each message belongs, decided once by a unique key. */
export interface MessagePlace {
  readonly messageId: string;
  readonly ticketId: string;
  readonly followsTicketId: string;
}

export interface MessagePlaces {
  find(messageIds: readonly string[]): Promise<Map<string, MessagePlace>>;
  /** Puts each message on its ticket unless it has a place. @returns the places of those that had one. */
  claim(places: readonly MessagePlace[]): Promise<Map<string, MessagePlace>>;
}

export interface Pointers {
  find(keys: readonly string[]): Promise<Map<string, Pointer>>;
  /** @returns false when one of them existed; the others are made. */
  claim(pointers: readonly Pointer[]): Promise<boolean>;
  /** Moves pointers on, whatever they pointed to. */
  move(pointers: readonly Pointer[]): Promise<void>;
}

/** A contact point and whose it is. */
export interface Contact {
  readonly id: string;
  readonly customerId: string;
  readonly displayName: string;
  /** Its latest acknowledgements, by the message each of them answers. */
  readonly acknowledged: readonly { readonly messageId: string; readonly atMs: number }[];
  readonly revision: number;
}

export interface Contacts {
  find(ids: readonly string[]): Promise<Map<string, Contact>>;
  /** Writes contacts that are new or still have the revision before theirs. @returns false when one was changed by others. */
  put(contacts: readonly Contact[]): Promise<boolean>;
}

export interface TicketNumbers {
  /** Numbers never given out before, in order. */
  allocate(count: number): Promise<string[]>;
}
