import { type Collection, type DocStore, type Document, DuplicateKeyError } from '@tributary/docstore';
import { DateTime } from 'luxon';
import { ticketNumber } from '../domain/ticket-number.ts';
import type { Contact, Contacts, MessagePlaces, Pointers, TicketNumbers } from '../ports.ts';

interface PlaceDocument extends Document {
  readonly ticketId: string;
  readonly followsTicketId?: string;
}

/** Opens the collection `message_places`: one document per message ever taken, its id the unique key that decides. */
export async function openMessagePlaces(docStore: DocStore): Promise<MessagePlaces> {
  const collection = await docStore.collection<PlaceDocument>('message_places');
  const find: MessagePlaces['find'] = async (messageIds) => {
    if (messageIds.length === 0) return new Map();
    const documents = await collection.find({ _id: { $in: messageIds } });
    return new Map(
      documents.map(({ _id, ticketId, followsTicketId = '' }) => [_id, { messageId: _id, ticketId, followsTicketId }]),
    );
  };
  return {
    find,
    async claim(places) {
      if (places.length === 0) return new Map();
      const { duplicates } = await collection.bulkWrite(
        places.map(({ messageId, ticketId, followsTicketId }) => ({
          insertOne: { document: { _id: messageId, ticketId, ...(followsTicketId !== '' && { followsTicketId }) } },
        })),
      );
      return find(duplicates.flatMap((index) => places[index]?.messageId ?? []));
    },
  };
}

interface PointerDocument extends Document {
  readonly ticketId: string;
  readonly holderKey: string;
  readonly followsTicketId: string;
}

/** Opens the collection `conversations`: which ticket a conversation, or the follow-up of a ticket, goes to. */
export async function openPointers(docStore: DocStore): Promise<Pointers> {
  const collection = await docStore.collection<PointerDocument>('conversations');
  return {
    async find(keys) {
      if (keys.length === 0) return new Map();
      const documents = await collection.find({ _id: { $in: keys } });
      return new Map(documents.map(({ _id: key, ...pointer }) => [key, { key, ...pointer }]));
    },
    async claim(pointers) {
      const operations = pointers.map(({ key, ...pointer }) => ({ insertOne: { document: { _id: key, ...pointer } } }));
      return (await collection.bulkWrite(operations)).duplicates.length === 0;
    },
    async move(pointers) {
      await collection.bulkWrite(
        pointers.map(({ key, ...pointer }) => ({ updateOne: { filter: { _id: key }, update: { $set: pointer } } })),
      );
    },
  };
}

type ContactDocument = Omit<Contact, 'id'> & Document;

/** Opens the collection `contact_points`: whose customer an address is; one address, one customer. */
export async function openContacts(docStore: DocStore): Promise<Contacts> {
  const collection = await docStore.collection<ContactDocument>('contact_points', [{ keys: { customerId: 1 } }]);
  return {
    async find(ids) {
      if (ids.length === 0) return new Map();
      const documents = await collection.find({ _id: { $in: ids } });
      return new Map(documents.map(({ _id: id, ...contact }) => [id, { id, ...contact }]));
    },
    async put(contacts) {
      const result = await collection.bulkWrite(
        contacts.map(({ id: _id, ...contact }) => {
          if (contact.revision === 1) return { insertOne: { document: { _id, ...contact } } };
          const { acknowledged, revision } = contact;
          const filter = { _id, revision: revision - 1 };
          return { updateOne: { filter, update: { $set: { acknowledged, revision } } } };
        }),
      );
      return result.inserted + result.matched === contacts.length;
    },
  };
}

interface CounterDocument extends Document {
  readonly count: number;
}

/**
 * Opens the collection `counters`: ticket numbers, in blocks, by one atomic increment per block. A block that a crash left
 * unused leaves a gap.
 * @param timeZone IANA name: a number's day is the day there.
 */
export async function openTicketNumbers(
  docStore: DocStore,
  timeZone: string,
  now: () => number,
): Promise<TicketNumbers> {
  const collection = await docStore.collection<CounterDocument>('counters');
  return {
    async allocate(count) {
      const day = DateTime.fromMillis(now(), { zone: timeZone }).toFormat('yyyyLLdd');
      const last = await increment(collection, `tickets ${day}`, count);
      return Array.from({ length: count }, (_, i) => ticketNumber(day, last - count + 1 + i));
    },
  };
}

async function increment(collection: Collection<CounterDocument>, _id: string, by: number): Promise<number> {
  for (;;) {
    try {
      const counter = await collection.findOneAndUpdate({ _id }, { $inc: { count: by } }, { upsert: true });
      if (counter !== undefined) return counter.count;
    } catch (error) {
      // Somebody else made the day's counter at the same time.
      if (!(error instanceof DuplicateKeyError)) throw error;
    }
  }
}
