import { topics } from '@tributary/contracts';
import type { NewRecord } from '@tributary/eventlog';
import { type Document, MongoClient } from 'mongodb';
import { openScale, type Servers } from './adapters.ts';
import { bareKafka, bareProducer } from './kafka-clients.ts';
import { rateOf } from './rounds.ts';
import type { Written } from './watched-adapters.ts';

type Stored = Document & { _id: string };

interface CollectionCopy {
  readonly name: string;
  readonly documents: readonly Stored[];
  /** Writes that the pipeline made to documents that were there. */
  readonly updates: number;
}

/** What a run of the pipeline left in Kafka and MongoDB. */
export interface MongoScript {
  readonly written: Written;
  readonly collections: readonly CollectionCopy[];
  readonly records: readonly NewRecord[];
}

const writeConcern = { w: 'majority', journal: true } as const;

/** Reads the documents of a run from its database. */
export async function readMongoScript(mongoUrl: string, database: string, written: Written): Promise<MongoScript> {
  const client = new MongoClient(mongoUrl);
  const collections: CollectionCopy[] = [];
  for (const name of written.indexes.keys()) {
    const documents = await client.db(database).collection<Stored>(name).find().toArray();
    if (documents.length > 0) collections.push({ name, documents, updates: written.updates.get(name) ?? 0 });
  }
  await client.close();
  const records = [...written.records].flatMap(([topic, list]) => (topic === topics.inbound.name ? [] : list));
  return { written, collections, records };
}

/**
 * The bare loop: kafkajs `eachBatch` over the inbound topic; each batch becomes one `bulkWrite` per collection, one produce
 * request for its events, one more `bulkWrite` for the updates, and a committed offset. What it writes is ready beforehand.
 * @returns messages per second, from the first append on.
 */
export async function runMongoScript(
  script: MongoScript,
  inbound: readonly NewRecord[],
  groupSize: number,
  servers: Servers,
): Promise<number> {
  await using adapters = await openScale(servers);
  const prefix = `${adapters.name}.`;
  for (const [name, indexes] of script.written.indexes) await adapters.docStore.collection(name, indexes);
  const client = new MongoClient(servers.mongoUrl, { writeConcern });
  const database = client.db(adapters.name);
  await database.command({ ping: 1 });
  const kafka = bareKafka(servers.kafkaBrokers);
  const producer = kafka.producer(bareProducer);
  const consumer = kafka.consumer({ groupId: `${prefix}bare` });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topics: [prefix + topics.inbound.name], fromBeginning: true });
  const send = (records: readonly NewRecord[]) =>
    producer.sendBatch({
      acks: -1,
      topicMessages: [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, list]) => ({
        topic: prefix + topic,
        messages: list.map(({ key, value, headers }) => ({ key, value: Buffer.from(value), headers: { ...headers } })),
      })),
    });

  let taken = 0;
  let done = 0;
  const { promise: finished, resolve: finish } = Promise.withResolvers<void>();
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    partitionsConsumedConcurrently: 12,
    eachBatchAutoResolve: false,
    async eachBatch({ batch, resolveOffset, commitOffsetsIfNecessary }) {
      const from = taken / inbound.length;
      taken += batch.messages.length;
      const to = taken / inbound.length;
      const share = <T>(list: readonly T[]) => list.slice(Math.floor(from * list.length), Math.floor(to * list.length));
      await Promise.all(
        script.collections.map(async ({ name, documents }) => {
          const operations = share(documents).map((document) => ({ insertOne: { document } }));
          if (operations.length > 0) await database.collection<Stored>(name).bulkWrite(operations, { ordered: false });
        }),
      );
      const events = share(script.records);
      if (events.length > 0) await send(events);
      await Promise.all(
        script.collections.map(async ({ name, documents, updates }) => {
          const operations = updatesOf(share(documents), updates / documents.length);
          if (operations.length > 0) await database.collection<Stored>(name).bulkWrite(operations, { ordered: false });
        }),
      );
      resolveOffset(batch.lastOffset());
      await commitOffsetsIfNecessary();
      done += batch.messages.length;
      if (done >= inbound.length) finish();
    },
  });
  await joined;
  const rate = await rateOf(inbound.length, async () => {
    for (let from = 0; from < inbound.length; from += groupSize) await send(inbound.slice(from, from + groupSize));
    await finished;
  });
  await Promise.all([consumer.disconnect(), producer.disconnect()]);
  await database.dropDatabase();
  await client.close();
  return rate;
}

function updatesOf(documents: readonly Stored[], perDocument: number) {
  return Array.from({ length: Math.round(documents.length * perDocument) }, (_, at) => {
    const { _id } = documents[at % documents.length] as Stored;
    return { updateOne: { filter: { _id }, update: { $set: { updatedAtMs: Date.now() }, $inc: { version: 1 } } } };
  });
}
