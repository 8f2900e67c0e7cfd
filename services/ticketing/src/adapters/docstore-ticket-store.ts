import type { Collection, DocStore, Filter, Update, WriteOperation } from '@tributary/docstore';
import { nextDueAtMs } from '../domain/deadlines.ts';
import { maxTerms, termsOfText } from '../domain/search-terms.ts';
import type { Ticket } from '../domain/ticket.ts';
import type { StoredTicket, TicketChange, TicketStore } from '../ports.ts';
import { listTickets } from './list-tickets.ts';
import { fromDocument, newDocument, referencesOf, type TicketDocument, toEventDocument } from './ticket-document.ts';

const maxIdleCommands = 200;

/** Opens the collection `tickets`. */
export function openTicketCollection(docStore: DocStore): Promise<Collection<TicketDocument>> {
  return docStore.collection<TicketDocument>('tickets', [
    { keys: { number: 1 }, unique: true },
    { keys: { receivedAtMs: -1, _id: -1 } },
    { keys: { ownerId: 1, receivedAtMs: -1, _id: -1 } },
    { keys: { customerId: 1, receivedAtMs: -1, _id: -1 } },
    { keys: { dueAtMs: 1 } },
    { keys: { references: 1 }, multikey: true },
    { keys: { terms: 1 }, multikey: 'many' },
  ]);
}

export function createTicketStore(collection: Collection<TicketDocument>): TicketStore {
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
    async save(changes, publication = '') {
      const saved = changes.map((change) => after(change, publication));
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
  };
}

/** The ticket as it will be stored. */
function after({ before, ticket, events, idleCommandId }: TicketChange, publication: string): StoredTicket {
  return {
    ticket,
    events: [...(before?.events ?? []), ...events.map((event) => ({ ...event, publication }))],
    idleCommandIds: [...(before?.idleCommandIds ?? []), ...(idleCommandId === undefined ? [] : [idleCommandId])],
    terms: [...(before?.terms ?? []), ...(before === undefined ? [] : newTerms(before.terms, before.ticket, ticket))],
  };
}

function operation(change: TicketChange, saved: StoredTicket): WriteOperation<TicketDocument> {
  const { before, ticket } = change;
  if (before === undefined) return { insertOne: { document: newDocument(ticket, saved.events) } };
  const filter = { _id: ticket.id, version: before.ticket.version };
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
  pushAll(push, 'entries', ticket.entries.slice(before.ticket.entries.length));
  pushAll(push, 'events', saved.events.slice(before.events.length).map(toEventDocument));
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
