import type {
  AnyBulkWriteOperation,
  BulkWriteResult as BulkCounts,
  Collection as DriverCollection,
  Document as DriverDocument,
  MongoBulkWriteError,
} from 'mongodb';
import { type Clause, idOf, parseFilter } from '../language/filter.ts';
import { copyDocument, type JsonDocument } from '../language/json.ts';
import { checkUpsert, parseUpdate, type Step, upsertedDocument } from '../language/update.ts';
import type { BulkWriteResult, Document, Filter, Update, WriteOperation } from '../port.ts';
import { conflictPause, type Failures, failuresOf, translateError } from './errors.ts';
import { toMongoFilter, toMongoUpdate } from './request.ts';

export type Stored = DriverDocument & { _id: string };

/** An operation that was checked. */
export type Write =
  | { readonly kind: 'insert'; readonly id: string; readonly document: JsonDocument }
  | {
      readonly kind: 'update';
      readonly id: string | undefined;
      readonly clauses: readonly Clause[];
      readonly steps: readonly Step[];
    }
  | {
      readonly kind: 'upsert';
      readonly id: string | undefined;
      readonly clauses: readonly Clause[];
      readonly steps: readonly Step[];
    }
  | { readonly kind: 'delete'; readonly id: string | undefined; readonly clauses: readonly Clause[] };

/** Checks an operation as every adapter does. @throws RefusedError */
export function parseWrite<T extends Document>(operation: WriteOperation<T>): Write {
  if ('insertOne' in operation) {
    const document = copyDocument(operation.insertOne.document);
    return { kind: 'insert', id: document._id, document };
  }
  if ('deleteOne' in operation) {
    const clauses = parseFilter(operation.deleteOne.filter, 'refuse');
    return { kind: 'delete', id: idOf(clauses), clauses };
  }
  const { filter, update, upsert = false } = operation.updateOne;
  const { clauses, steps } = parseChange(filter, update, upsert);
  return { kind: upsert ? 'upsert' : 'update', id: idOf(clauses), clauses, steps };
}

export function parseChange(filter: Filter, update: Update, upsert: boolean) {
  const clauses = parseFilter(filter, 'refuse');
  const steps = parseUpdate(update);
  if (upsert) checkUpsert(clauses, steps);
  return { clauses, steps };
}

/** An operation as it is sent, and the place of the one it came from. */
interface Sent {
  readonly place: number;
  readonly id: string;
  readonly operation: AnyBulkWriteOperation<Stored>;
  readonly insertsUpsert: boolean;
}

/**
 * Sends operations as one unordered bulk write. An upsert is sent as an insert when its document is not there and as an update
 * when it is (DocumentDB's own concurrent upserts of one id overwrite each other), so one more, small request comes before.
 * @param upsertAlone Does what the bulk write cannot: an upsert with a guard beside the id, and one whose insert met another's.
 * @returns the counts, and the places of the operations that a unique key refused.
 */
export async function bulkWrite(
  collection: DriverCollection<Stored>,
  writes: readonly Write[],
  upsertAlone: (
    write: Write & { kind: 'upsert' },
  ) => Promise<{ upserted: number; matched: number; modified: number } | 'duplicate'>,
): Promise<BulkWriteResult> {
  const alone = new Map<number, Write & { kind: 'upsert' }>();
  const there = await existingIds(collection, writes);
  const sent: Sent[] = [];
  for (const [place, write] of writes.entries()) {
    if (write.kind === 'upsert' && (write.id === undefined || write.clauses.length > 1)) alone.set(place, write);
    else sent.push(toSent(place, write, there));
  }
  // DocumentDB locks the documents of one request in its order: without a common order two requests could wait for each other.
  sent.sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.place - b.place));

  const sums = { inserted: 0, matched: 0, modified: 0, upserted: 0, deleted: 0 };
  const duplicates: number[] = [];
  for (let pending = sent, attempt = 1; pending.length > 0; attempt++) {
    const { result, failures } = await send(collection, pending);
    const upserted = pending.filter(
      ({ insertsUpsert }, at) => insertsUpsert && !failures.duplicates.has(at) && !failures.conflicts.has(at),
    );
    sums.upserted += upserted.length;
    sums.inserted += result.insertedCount - upserted.length;
    sums.matched += result.matchedCount;
    sums.modified += result.modifiedCount;
    sums.deleted += result.deletedCount;
    for (const at of failures.duplicates) {
      const { place, insertsUpsert } = pending[at] as Sent;
      if (insertsUpsert) alone.set(place, writes[place] as Write & { kind: 'upsert' });
      else duplicates.push(place);
    }
    pending = pending.filter((_, at) => failures.conflicts.has(at));
    if (pending.length > 0) await conflictPause(attempt);
  }
  for (const [place, write] of alone) {
    const outcome = await upsertAlone(write);
    if (outcome === 'duplicate') duplicates.push(place);
    else {
      sums.upserted += outcome.upserted;
      sums.matched += outcome.matched;
      sums.modified += outcome.modified;
    }
  }
  return { ...sums, duplicates: duplicates.sort((a, b) => a - b) };
}

async function send(
  collection: DriverCollection<Stored>,
  pending: readonly Sent[],
): Promise<{ result: BulkCounts; failures: Failures }> {
  const operations = pending.map(({ operation }) => operation);
  try {
    const result = await collection.bulkWrite(operations, { ordered: false });
    return { result, failures: { duplicates: new Set(), conflicts: new Set() } };
  } catch (error) {
    const failures = failuresOf(error, collection.collectionName);
    return { result: (error as MongoBulkWriteError).result, failures };
  }
}

async function existingIds(
  collection: DriverCollection<Stored>,
  writes: readonly Write[],
): Promise<ReadonlySet<string>> {
  const ids = writes.flatMap((write) => (write.kind === 'upsert' && write.id !== undefined ? [write.id] : []));
  if (ids.length === 0) return new Set();
  const found = collection.find({ _id: { $in: ids } }, { projection: { _id: 1 }, batchSize: ids.length });
  const documents = await found.toArray().catch((error: unknown) => {
    throw translateError(error, collection.collectionName);
  });
  return new Set(documents.map(({ _id }) => _id));
}

function toSent(place: number, write: Write, there: ReadonlySet<string>): Sent {
  const id = write.id ?? '';
  const sent = (operation: AnyBulkWriteOperation<Stored>, insertsUpsert = false): Sent => ({
    place,
    id,
    operation,
    insertsUpsert,
  });
  switch (write.kind) {
    case 'insert':
      return sent({ insertOne: { document: write.document } });
    case 'delete':
      return sent({ deleteOne: { filter: toMongoFilter(write.clauses) } });
    case 'update':
      return sent({ updateOne: { filter: toMongoFilter(write.clauses), update: toMongoUpdate(write.steps) } });
    case 'upsert': {
      if (!there.has(id)) return sent({ insertOne: { document: upsertedDocument(write.clauses, write.steps) } }, true);
      return sent({ updateOne: { filter: { _id: id }, update: toMongoUpdate(write.steps) } });
    }
  }
}
