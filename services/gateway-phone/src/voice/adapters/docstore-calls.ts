import { type Collection, type DocStore, type Document, DuplicateKeyError } from '@tributary/docstore';
import type { Call } from '../domain/call.ts';
import type { OutboundCall } from '../domain/outbound-call.ts';
import type { Callers, Calls, OutboundCalls, Records, Waits } from '../ports.ts';

/** A call as a document: its state under `value`, changed only from the revision that was read. */
interface RecordDocument<T> extends Document {
  readonly value: T;
  readonly revision: number;
}

export interface CallDocument extends RecordDocument<Call> {
  /** As in `Call`, where the worker that looks for what is due finds it. */
  readonly dueAtMs: number;
}

export async function openCalls(docStore: DocStore): Promise<{ calls: Calls; documents: Collection<CallDocument> }> {
  const documents = await docStore.collection<CallDocument>('phone_calls', [{ keys: { dueAtMs: 1 } }]);
  const records = recordsIn<Call, CallDocument>(documents, ({ dueAtMs }) => ({ dueAtMs }));
  const calls = {
    ...records,
    async forget(id: string) {
      await documents.deleteOne({ _id: id });
    },
  };
  return { calls, documents };
}

export async function openOutboundCalls(docStore: DocStore): Promise<OutboundCalls> {
  return recordsIn(await docStore.collection<RecordDocument<OutboundCall>>('phone_outbound_calls'), () => ({}));
}

/** @param beside What else the document holds of the value, for its indexes. */
function recordsIn<T extends { readonly id: string }, D extends RecordDocument<T>>(
  collection: Collection<D>,
  beside: (value: T) => Partial<D>,
): Records<T> {
  const find = async (id: string) => {
    const document = await collection.findOne({ _id: id });
    return document && { value: document.value, revision: document.revision };
  };
  return {
    find,
    async begin(value) {
      try {
        await collection.insertOne({ _id: value.id, value, revision: 0, ...beside(value) } as unknown as D);
      } catch (error) {
        if (!(error instanceof DuplicateKeyError)) throw error;
        const existing = await find(value.id);
        if (existing !== undefined) return existing;
      }
      return { value, revision: 0 };
    },
    async replace(value, revision) {
      const { matched } = await collection.updateOne(
        { _id: value.id, revision },
        { $set: { value, revision: revision + 1, ...beside(value) } },
      );
      return matched === 1;
    },
  };
}

export async function openCallers(docStore: DocStore): Promise<Callers> {
  const collection = await docStore.collection<Document & { readonly language: string }>('phone_callers');
  return {
    language: async (number) => (number && (await collection.findOne({ _id: number }))?.language) || '',
    async rememberLanguage(number, language) {
      await upserted(() => collection.updateOne({ _id: number }, { $set: { language } }, { upsert: true }));
    },
  };
}

/** A wait says something of the next one for so long. */
const recentMs = 30 * 60_000;

export async function openWaits(docStore: DocStore, now: () => number): Promise<Waits> {
  type WaitDocument = Document & { readonly seconds: number; readonly atMs: number };
  const collection = await docStore.collection<WaitDocument>('phone_waits');
  return {
    async note(account, seconds) {
      await upserted(() =>
        collection.updateOne({ _id: account }, { $set: { seconds, atMs: now() } }, { upsert: true }),
      );
    },
    async recent(account) {
      const last = await collection.findOne({ _id: account });
      return last !== undefined && now() - last.atMs <= recentMs ? last.seconds : undefined;
    },
  };
}

/** Two upserts at once: the second finds the document when it tries again. */
async function upserted(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
    await write();
  }
}
