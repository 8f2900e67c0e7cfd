import type { Document } from '@tributary/docstore';
import type { Change, TicketEvent } from '../domain/changes.ts';
import { nextDueAtMs } from '../domain/deadlines.ts';
import { inboundReference, outboundEntryReference, outboundReference } from '../domain/placement.ts';
import { termsOfTicket } from '../domain/search-terms.ts';
import type { Entry, Ticket } from '../domain/ticket.ts';
import type { StoredEvent, StoredTicket } from '../ports.ts';

/** A change as stored: an entry stands in `entries`, once, and is named here. */
type StoredChange =
  | Exclude<Change, { entry: Entry }>
  | (Omit<Extract<Change, { entry: Entry }>, 'entry'> & { entryId: string });
type EventDocument = Omit<StoredEvent, 'change'> & { readonly change: StoredChange };

/**
 * A ticket in the store: its state, conversation and history, so that all of it changes in one write. Its latest events are the
 * outbox: those whose publication still has its note.
 */
export interface TicketDocument extends Omit<Ticket, 'id'>, Document {
  readonly region: string;
  readonly events: readonly EventDocument[];
  readonly idleCommandIds: readonly string[];
  readonly terms: readonly string[];
  /** Messages it holds, for threading. */
  readonly references: readonly string[];
  /** When it must be looked at next. Absent: never by itself. */
  readonly dueAtMs?: number;
  /** Until when one replica has to itself what is due. */
  readonly leaseUntilMs?: number;
}

export function newDocument(ticket: Ticket, events: readonly StoredEvent[]): TicketDocument {
  const { id, ...state } = ticket;
  const dueAtMs = nextDueAtMs(ticket);
  return {
    _id: id,
    ...state,
    region: ticket.grade.region,
    events: events.map(toEventDocument),
    idleCommandIds: [],
    terms: termsOfTicket(ticket),
    references: events.flatMap((event) => referencesOf(event, ticket)),
    ...(dueAtMs !== undefined && { dueAtMs }),
  };
}

export function fromDocument(document: TicketDocument): StoredTicket {
  const {
    _id,
    events,
    idleCommandIds,
    terms,
    region: _,
    references: __,
    dueAtMs: ___,
    leaseUntilMs: ____,
    ...state
  } = document;
  const entries = new Map(state.entries.map((entry) => [entry.id, entry]));
  return {
    ticket: { id: _id, ...state },
    events: events.map((event) => fromEventDocument(event, entries)),
    idleCommandIds,
    terms,
  };
}

export function toEventDocument(event: StoredEvent): EventDocument {
  const { change } = event;
  if (!('entry' in change)) return event as EventDocument;
  const { entry, ...rest } = change;
  return { ...event, change: { ...rest, entryId: entry.id } as StoredChange };
}

function fromEventDocument(event: EventDocument, entries: ReadonlyMap<string, Entry>): StoredEvent {
  const { change } = event;
  if (!('entryId' in change) || change.type === 'deliveryUpdated') return event as StoredEvent;
  const { entryId, ...rest } = change;
  return { ...event, change: { ...rest, entry: entries.get(entryId) } as Change };
}

/** References by which later messages find this ticket, that an event adds. */
export function referencesOf({ change }: TicketEvent, { channel }: Pick<Ticket, 'channel'>): string[] {
  switch (change.type) {
    case 'messageReceived': {
      const { providerMessageId } = change.entry;
      return providerMessageId === undefined
        ? []
        : [inboundReference(change.entry.channel ?? channel, providerMessageId)];
    }
    case 'replyAdded':
      return [outboundEntryReference(change.entry.id)];
    case 'deliveryUpdated':
      return change.providerMessageId === '' ? [] : [outboundReference(channel, change.providerMessageId)];
    default:
      return [];
  }
}
