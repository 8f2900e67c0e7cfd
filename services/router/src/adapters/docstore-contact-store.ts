import type { Collection, DocStore, WriteOperation } from '@tributary/docstore';
import type { Arrival, ContactStore } from '../ports.ts';

/** How long a contact is remembered after the last that was heard of it. */
const rememberMs = 4 * 60 * 60 * 1000;

export interface ContactDocument extends Partial<Omit<Arrival, 'conversationKey'>> {
  /** The conversation's key. */
  readonly _id: string;
  readonly leftAtMs?: number;
  /** When it is forgotten. */
  readonly dueAtMs: number;
  readonly leaseUntilMs?: number;
}

export function openContactCollection(store: DocStore): Promise<Collection<ContactDocument>> {
  return store.collection<ContactDocument>('contacts', [{ keys: { ticketId: 1 } }, { keys: { dueAtMs: 1 } }]);
}

/** Contacts of live channels, one document per conversation. Coming and leaving may be heard in any order. */
export function createContactStore(contacts: Collection<ContactDocument>): ContactStore {
  /** Concurrent first writes of a conversation: whoever comes second finds it there. */
  const upsert = async (operations: readonly WriteOperation<ContactDocument>[]) => {
    const { duplicates } = await contacts.bulkWrite(operations);
    if (duplicates.length > 0) await contacts.bulkWrite(operations.filter((_, index) => duplicates.includes(index)));
  };

  return {
    async arrive(arrivals, nowMs) {
      if (arrivals.length === 0) return;
      await upsert(
        arrivals.map(({ conversationKey, arrivedAtMs, ...fields }) => ({
          updateOne: {
            filter: { _id: conversationKey },
            update: { $set: { ...fields, dueAtMs: nowMs + rememberMs }, $max: { arrivedAtMs } },
            upsert: true,
          },
        })),
      );
    },
    async leave(conversationKey, leftAtMs, nowMs) {
      const update = { $set: { dueAtMs: nowMs + rememberMs }, $max: { leftAtMs } };
      await upsert([{ updateOne: { filter: { _id: conversationKey }, update, upsert: true } }]);
      const contact = await contacts.findOne({ _id: conversationKey });
      return contact === undefined || isPresent(contact) ? undefined : toArrival(contact);
    },
    async departures(conversationKeys) {
      if (conversationKeys.length === 0) return new Map();
      const left = await contacts.find({ _id: { $in: conversationKeys }, leftAtMs: { $exists: true } });
      return new Map(left.map(({ _id, leftAtMs }) => [_id, leftAtMs ?? 0]));
    },
    async presentOn(ticketIds) {
      if (ticketIds.length === 0) return [];
      const found = await contacts.find({ ticketId: { $in: ticketIds } });
      return found.filter(isPresent).flatMap((contact) => toArrival(contact) ?? []);
    },
    async forget(conversationKeys) {
      await contacts.bulkWrite(conversationKeys.map((_id) => ({ deleteOne: { filter: { _id } } })));
    },
  };
}

function isPresent({ arrivedAtMs, leftAtMs }: ContactDocument): boolean {
  return arrivedAtMs !== undefined && (leftAtMs === undefined || leftAtMs < arrivedAtMs);
}

/** Undefined when only the leaving was heard of. */
function toArrival(contact: ContactDocument): Arrival | undefined {
  const { _id, ticketId, channel, account, messageId, arrivedAtMs } = contact;
  if (ticketId === undefined || channel === undefined || account === undefined) return undefined;
  if (messageId === undefined || arrivedAtMs === undefined) return undefined;
  return { conversationKey: _id, ticketId, channel, account, messageId, arrivedAtMs };
}
