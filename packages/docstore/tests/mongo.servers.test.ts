import { randomUUID } from 'node:crypto';
import { isUnavailable, startMongo } from '@tributary/testing/servers';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { openMongoStore } from '../src/mongo/index.ts';
import { UnavailableError } from '../src/port.ts';
import { docStoreContract, type Place } from './contract.ts';
import { migrationsContract } from './migrations-contract.ts';

const url = inject('mongoUrl');

describe.skipIf(url === undefined)('against a server', () => {
  const makePlace = async (): Promise<Place> => {
    const database = `docstore-${randomUUID()}`;
    return {
      open: () => openMongoStore({ url: url as string, database }),
      async [Symbol.asyncDispose]() {
        await using client = await new MongoClient(url as string).connect();
        await client.db(database).dropDatabase();
      },
    };
  };
  docStoreContract('MongoDB', makePlace);
  migrationsContract('MongoDB', makePlace, { connections: 2 });
});

describe('a MongoDB that is away', () => {
  test('says so, and a collection is waited for until the store is closed', async () => {
    const store = await openMongoStore({ url: 'mongodb://127.0.0.1:1/?directConnection=true', waitMs: 300 });
    const collection = store.collection('notes').catch((error: Error) => error.message);
    await expect.poll(() => store.problems()).toEqual([expect.stringContaining('MongoDB is away')]);
    await store[Symbol.asyncDispose]();
    expect(await collection).toBe('the document store is closed');
  });
});

/** A server of our own, for it is killed; the shared one is others' too. */
describe.skipIf(url === undefined)('a MongoDB that is killed and comes back', () => {
  let server: Exclude<Awaited<ReturnType<typeof startMongo>>, { unavailable: string }> | undefined;
  const named = process.env['MONGODB_URL'];
  beforeAll(async () => {
    delete process.env['MONGODB_URL'];
    const started = await startMongo({ report: () => {} });
    if (isUnavailable(started)) return;
    server = started;
  }, 300_000);
  afterAll(async () => {
    if (named !== undefined) process.env['MONGODB_URL'] = named;
    await server?.stop();
  }, 60_000);

  test('what resolved is there; operations in between wait, or reject and can be repeated', {
    timeout: 120_000,
  }, async (context) => {
    if (server === undefined) return context.skip('no server of our own here');
    await using store = await openMongoStore({ url: server.url, database: `docstore-${randomUUID()}`, waitMs: 60_000 });
    const notes = await store.collection('notes', [{ keys: { n: 1 }, unique: true }]);
    const resolved: string[] = [];
    const misnamed: unknown[] = [];
    let stop = false;
    const writer = async (writerId: number) => {
      for (let n = 0; !stop; n++) {
        const _id = `w${writerId}-${n}`;
        // Idempotent, so it may be repeated when nobody knows whether it happened.
        while (true) {
          try {
            await notes.updateOne({ _id }, { $set: { done: true } }, { upsert: true });
            break;
          } catch (error) {
            if (stop) return;
            if (!(error instanceof UnavailableError)) misnamed.push(error);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
        resolved.push(_id);
      }
    };
    const writers = Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)));
    await expect.poll(() => resolved.length, { timeout: 30_000 }).toBeGreaterThan(200);
    server.kill();
    await expect.poll(() => store.problems().length, { timeout: 30_000 }).toBe(1);
    const beforeRestart = resolved.length;
    await server.restart();
    await expect.poll(() => resolved.length, { timeout: 60_000 }).toBeGreaterThan(beforeRestart + 200);
    expect(store.problems()).toEqual([]);
    stop = true;
    await writers;
    const found = new Set((await notes.find({})).map(({ _id }) => _id));
    expect(resolved.filter((id) => !found.has(id))).toEqual([]);
    expect(misnamed).toEqual([]);
  });

  test('while it is away every operation rejects with UnavailableError', { timeout: 120_000 }, async (context) => {
    if (server === undefined) return context.skip('no server of our own here');
    await using store = await openMongoStore({ url: server.url, database: `docstore-${randomUUID()}`, waitMs: 500 });
    const notes = await store.collection<{ _id: string; n: number }>('notes');
    await notes.insertOne({ _id: 'a', n: 1 });
    server.kill();
    const upsert = { updateOne: { filter: { _id: 'c' }, update: { $set: { n: 1 } }, upsert: true } };
    const operations = {
      insertOne: () => notes.insertOne({ _id: 'b', n: 1 }),
      find: () => notes.find({}),
      count: () => notes.count({}),
      updateOne: () => notes.updateOne({ _id: 'a' }, { $set: { n: 2 } }, { upsert: true }),
      findOneAndUpdate: () => notes.findOneAndUpdate({ _id: 'a' }, { $inc: { n: 1 } }),
      deleteOne: () => notes.deleteOne({ _id: 'a' }),
      'bulkWrite of an insert': () => notes.bulkWrite([{ insertOne: { document: { _id: 'd', n: 1 } } }]),
      'bulkWrite of an upsert': () => notes.bulkWrite([upsert]),
    };
    for (const [name, operation] of Object.entries(operations)) {
      await expect(operation(), name).rejects.toBeInstanceOf(UnavailableError);
    }
    await server.restart();
    await expect.poll(() => notes.count({}).catch(() => 0), { timeout: 60_000 }).toBeGreaterThan(0);
  });
});
