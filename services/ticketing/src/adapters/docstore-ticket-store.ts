import type { DocStore, Filter, Update, WriteOperation } from '@tributary/docstore';
import { nextDueAtMs } from '../domain/deadlines.ts';
import { maxTerms, termsOfText } from '../domain/search-terms.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { PublicationStore, StoredTicket, TicketChange, TicketStore } from '../ports.ts';
import { listTickets } from './list-tickets.ts';
import { fromDocument, newDocument, referencesOf, type TicketDocument, toStoredEvent } from './ticket-document.ts';

export interface TicketStoreOptions {
  /** Who publishes what is saved here: unique to this replica's life. */
  readonly relayId: string;
  /** How long a relay has a ticket's events to itself. */
  readonly leaseMs: number;
  now(): number;
}

const maxIdleCommands = 200;

/** Opens the collection `tickets`. */
export async function openTicketStore(
  docStore: DocStore,
  options: TicketStoreOptions,
): Promise<TicketStore & PublicationStore> {
  const collection = await docStore.collection<TicketDocument>('tickets', [
    { keys: { number: 1 }, unique: true },
    { keys: { receivedAtMs: -1, _id: -1 } },
    { keys: { ownerId: 1, receivedAtMs: -1, _id: -1 } },
    { keys: { customerId: 1, receivedAtMs: -1, _id: -1 } },
    { keys: { dueAtMs: 1 } },
    { keys: { relayUntilMs: 1 } },
    { keys: { references: 1 }, multikey: true },
    { keys: { terms: 1 }, multikey: true },
  ]);
  const load = async (filter: Filter) => (await collection.find(filter)).map(fromDocument);
  return {
    async load(ids) {
      if (ids.length === 0) return new Map();
      const found = await load({ _id: { $in: [...new Set(ids)] } });
      return new Map(found.map((stored) => [stored.ticket.id, stored]));
    },
    async loadByNumber(number) {
      const [stored] = await load({ number });
      return stored;
    },
    async loadByReference(references) {
      const found = new Map<string, StoredTicket[]>();
      const wanted = new Set(references);
      for (const document of await collection.find({ references: { $in: [...wanted] } })) {
        const stored = fromDocument(document);
        for (const reference of document.references) {
          if (wanted.has(reference)) found.set(reference, [...(found.get(reference) ?? []), stored]);
        }
      }
      return found;
    },
    async save(changes) {
      const saved = changes.map((change) => after(change, options));
      const operations = changes.map((change, i) => operation(change, saved[i] as StoredTicket));
      const result = await collection.bulkWrite(operations);
      const isComplete = result.inserted + result.matched === changes.length && result.duplicates.length === 0;
      return isComplete ? saved : undefined;
    },
    async runningOwners(customerIds) {
      const found = new Map<string, { ticketId: string; ownerId: string }[]>();
      if (customerIds.length === 0) return found;
      const documents = await collection.find(
        { customerId: { $in: customerIds }, state: { $in: ['new', 'open', 'pending'] }, ownerId: { $ne: '' } },
        { sort: { receivedAtMs: -1, _id: -1 }, projection: { customerId: 1, ownerId: 1 } },
      );
      for (const { _id: ticketId, customerId, ownerId } of documents) {
        found.set(customerId, [...(found.get(customerId) ?? []), { ticketId, ownerId }]);
      }
      return found;
    },
    list: (filter, pageSize, pageToken) => listTickets(collection, filter, pageSize, pageToken),
    async dueTickets(limit) {
      const due = { dueAtMs: { $lte: options.now() } };
      return (await collection.find(due, { sort: { dueAtMs: 1 }, limit, projection: { dueAtMs: 1 } })).map(
        ({ _id }) => _id,
      );
    },
    async takeOverLeases(limit) {
      const relayUntilMs = options.now() + options.leaseMs;
      const over = await collection.find(
        { relayUntilMs: { $lte: options.now() } },
        { sort: { relayUntilMs: 1 }, limit, projection: { relayBy: 1, relayUntilMs: 1 } },
      );
      if (over.length === 0) return [];
      await collection.bulkWrite(
        over.map(({ _id, relayBy, relayUntilMs: until = 0 }) => ({
          updateOne: {
            filter: { _id, relayBy, relayUntilMs: until },
            update: { $set: { relayBy: options.relayId, relayUntilMs } },
          },
        })),
      );
      return over.map(({ _id }) => _id);
    },
    async loadLeased(ids) {
      const held = { relayBy: options.relayId };
      const update = { $set: { relayUntilMs: options.now() + options.leaseMs } };
      await collection.bulkWrite(ids.map((_id) => ({ updateOne: { filter: { _id, ...held }, update } })));
      return load({ _id: { $in: ids }, ...held });
    },
    async markPublished(published) {
      const result = await collection.bulkWrite(
        published.map(({ ticketId, sequence }) => ({
          updateOne: {
            filter: { _id: ticketId, relayBy: options.relayId, lastSequence: sequence },
            update: { $set: { publishedSequence: sequence, relayBy: '' }, $unset: { relayUntilMs: 1 } },
          },
        })),
      );
      if (result.matched === published.length) return [];
      const _id = { $in: published.map(({ ticketId }) => ticketId) };
      const left = await collection.find({ _id, relayBy: options.relayId }, { projection: { lastSequence: 1 } });
      const leftIds = new Set(left.map((document) => document._id));
      // What is published must not be published again by whoever takes over: the part that is done is noted too.
      await collection.bulkWrite(
        published
          .filter(({ ticketId }) => leftIds.has(ticketId))
          .map(({ ticketId, sequence }) => ({
            updateOne: {
              filter: { _id: ticketId, relayBy: options.relayId },
              update: { $max: { publishedSequence: sequence } },
            },
          })),
      );
      return [...leftIds];
    },
  };
}

/** The ticket as it will be stored. Whoever adds events takes the lease to publish them when nobody holds one. */
function after({ before, ticket, events, idleCommandId }: TicketChange, options: TicketStoreOptions): StoredTicket {
  const nowMs = options.now();
  const isHeld = before !== undefined && before.relayBy !== '' && before.relayUntilMs > nowMs;
  const takes = events.length > 0 && !isHeld;
  return {
    ticket,
    events: before === undefined ? events : [...before.events, ...events],
    publishedSequence: before?.publishedSequence ?? 0,
    relayBy: takes ? options.relayId : (before?.relayBy ?? ''),
    relayUntilMs: takes ? nowMs + options.leaseMs : (before?.relayUntilMs ?? 0),
    idleCommandIds: [...(before?.idleCommandIds ?? []), ...(idleCommandId === undefined ? [] : [idleCommandId])],
    terms: [...(before?.terms ?? []), ...(before === undefined ? [] : newTerms(before.terms, before.ticket, ticket))],
  };
}

function operation(change: TicketChange, saved: StoredTicket): WriteOperation<TicketDocument> {
  const { before, ticket, events } = change;
  if (before === undefined) return { insertOne: { document: newDocument(ticket, events, saved) } };
  const filter = { _id: ticket.id, version: before.ticket.version, relayBy: before.relayBy };
  return { updateOne: { filter, update: updateOf(change, before, saved) } };
}

/** What differs, field by field; what only grows is pushed, so that it need not be sent whole. */
function updateOf(change: TicketChange, before: StoredTicket, saved: StoredTicket): Update {
  const { ticket, events, idleCommandId } = change;
  const set: Record<string, unknown> = {};
  const unset: Record<string, true> = {};
  const push: Record<string, unknown> = {};
  const fields = { ...ticket, region: ticket.grade.region, dueAtMs: nextDueAtMs(ticket) };
  const fieldsBefore: Record<string, unknown> = {
    ...before.ticket,
    region: before.ticket.grade.region,
    dueAtMs: nextDueAtMs(before.ticket),
  };
  for (const name of new Set([...Object.keys(fields), ...Object.keys(fieldsBefore)])) {
    const value: unknown = fields[name as keyof typeof fields];
    if (name === 'id' || name === 'entries' || value === fieldsBefore[name]) continue;
    if (value === undefined) unset[name] = true;
    else set[name] = value;
  }
  if (saved.relayBy !== before.relayBy || saved.relayUntilMs !== before.relayUntilMs) {
    set['relayBy'] = saved.relayBy;
    set['relayUntilMs'] = saved.relayUntilMs;
  }
  pushAll(push, 'entries', ticket.entries.slice(before.ticket.entries.length));
  pushAll(push, 'events', events.map(toStoredEvent));
  pushAll(push, 'terms', saved.terms.slice(before.terms.length));
  pushAll(
    push,
    'references',
    events.flatMap((event) => referencesOf(event, ticket)),
  );
  if (idleCommandId !== undefined) push['idleCommandIds'] = { $each: [idleCommandId], $slice: -maxIdleCommands };
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(Object.keys(unset).length > 0 && { $unset: unset }),
    ...(Object.keys(push).length > 0 && { $push: push }),
  };
}

function pushAll(push: Record<string, unknown>, field: string, values: readonly unknown[]): void {
  if (values.length > 0) push[field] = { $each: values };
}

function newTerms(known: readonly string[], before: Ticket, ticket: Ticket): string[] {
  if (known.length >= maxTerms) return [];
  const all = new Set(known);
  const added: string[] = [];
  for (const entry of ticket.entries.slice(before.entries.length)) {
    for (const term of termsOfText(entry.text)) {
      if (all.has(term) || all.size >= maxTerms) continue;
      all.add(term);
      added.push(term);
    }
  }
  return added;
}
