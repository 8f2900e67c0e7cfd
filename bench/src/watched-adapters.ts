import { topics } from '@tributary/contracts';
import type { Collection, DocStore, Document, IndexSpec } from '@tributary/docstore';
import type { EventLog, NewRecord } from '@tributary/eventlog';

/** What a run wrote, for a baseline that writes the same. */
export interface Written {
  /** Records acknowledged by the log, by topic. */
  readonly records: Map<string, NewRecord[]>;
  /** Writes that changed an existing document, by collection. */
  readonly updates: Map<string, number>;
  readonly indexes: Map<string, readonly IndexSpec[]>;
  /** Messages in each batch that a consumer of inbound messages handled. */
  readonly batches: number[];
}

export function nothingWritten(): Written {
  return { records: new Map(), updates: new Map(), indexes: new Map(), batches: [] };
}

/** The log, with a callback after every acknowledged append. */
export function watchLog(
  log: EventLog,
  appended: (records: readonly NewRecord[]) => void,
  written?: Written,
): EventLog {
  return {
    async append(records) {
      await log.append(records);
      for (const record of written === undefined ? [] : records) {
        const known = written?.records.get(record.topic);
        if (known === undefined) written?.records.set(record.topic, [record]);
        else known.push(record);
      }
      appended(records);
    },
    consume: (options) =>
      log.consume({
        ...options,
        handle(batch) {
          if (batch.topic === topics.inbound.name) written?.batches.push(batch.records.length);
          return options.handle(batch);
        },
      }),
    tail: (options) => log.tail(options),
    applyTopics: (specs) => log.applyTopics(specs),
    listTopics: () => log.listTopics(),
    lag: (group) => log.lag(group),
    inHand: () => log.inHand(),
    problems: () => log.problems(),
    [Symbol.asyncDispose]: () => log[Symbol.asyncDispose](),
  };
}

/** The store, with its writes counted. */
export function watchStore(store: DocStore, written: Written): DocStore {
  return {
    async collection<T extends Document>(name: string, indexes: readonly IndexSpec[] = []) {
      written.indexes.set(name, indexes);
      return watchCollection<T>(await store.collection<T>(name, indexes), (count) =>
        written.updates.set(name, (written.updates.get(name) ?? 0) + count),
      );
    },
    inOrder: (work) => store.inOrder(work),
    problems: () => store.problems(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

function watchCollection<T extends Document>(collection: Collection<T>, updated: (count: number) => void) {
  const watched: Collection<T> = {
    insertOne: (document) => collection.insertOne(document),
    findOne: (filter, options) => collection.findOne(filter, options),
    find: (filter, options) => collection.find(filter, options),
    count: (filter) => collection.count(filter),
    deleteOne: (filter) => collection.deleteOne(filter),
    async updateOne(filter, update, options) {
      const result = await collection.updateOne(filter, update, options);
      updated(result.modified);
      return result;
    },
    async findOneAndUpdate(filter, update, options) {
      const result = await collection.findOneAndUpdate(filter, update, options);
      if (result !== undefined) updated(1);
      return result;
    },
    async bulkWrite(operations) {
      const result = await collection.bulkWrite(operations);
      updated(result.modified);
      return result;
    },
  };
  return watched;
}
