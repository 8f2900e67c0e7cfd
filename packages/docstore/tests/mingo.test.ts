import fc from 'fast-check';
import { Query } from 'mingo';
import { update as mingoUpdate } from 'mingo/updater';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '../src/embedded/index.ts';
import type { Collection, DocStore, Document } from '../src/index.ts';
import { vocabulary } from './arbitrary.ts';

const { document, filter, update } = vocabulary('what mingo shares with it');

describe('the embedded store and mingo on an array agree', () => {
  let store: DocStore;
  let plain: Collection<Document>;
  let indexed: Collection<Document>;

  beforeAll(async () => {
    store = await openEmbeddedStore({ folder: ':memory:' });
    plain = await store.collection('plain');
    indexed = await store.collection('indexed', [
      { keys: { s: 1 } },
      { keys: { n: 1, s: -1 } },
      { keys: { s: 1, _id: 1 } },
      { keys: { 'o.x': 1 } },
      { keys: { 'o.y': 1, n: 1 } },
      { keys: { l: 1 }, multikey: 'many' },
      { keys: { 'e.x': 1 }, multikey: true },
    ]);
  });
  afterAll(() => store[Symbol.asyncDispose]());

  const refill = async (collection: Collection<Document>, documents: readonly Document[]) => {
    const old = await collection.find({});
    await collection.bulkWrite([
      ...old.map(({ _id }) => ({ deleteOne: { filter: { _id } } })),
      ...documents.map((one) => ({ insertOne: { document: one } })),
    ]);
  };
  const named = (documents: readonly object[]) => documents.map((one, n): Document => ({ ...one, _id: `d${n}` }));

  test('on what a filter finds, with and without indexes', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 8 }).map(named),
        fc.array(filter, { minLength: 1, maxLength: 6 }),
        async (documents, filters) => {
          for (const collection of [plain, indexed]) {
            await refill(collection, documents);
            for (const one of filters) {
              const expected = documents
                .filter((candidate) => new Query(one).test({ ...candidate }))
                .map(({ _id }) => _id);
              const found = await collection.find(one, { sort: { _id: 1 } });
              expect(found.map(({ _id }) => _id)).toEqual(expected);
              expect(await collection.count(one)).toBe(expected.length);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('on what a chain of updates makes of a document, and the indexes follow', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        document.map((one) => ({ ...one, _id: 'd' })),
        fc.array(update, { minLength: 1, maxLength: 5 }),
        filter,
        async (before, updates, probe) => {
          let model = structuredClone(before);
          for (const collection of [plain, indexed]) {
            await refill(collection, [before]);
            model = structuredClone(before);
            for (const one of updates) {
              await collection.updateOne({ _id: 'd' }, one);
              mingoUpdate(model, structuredClone(one) as Parameters<typeof mingoUpdate>[1]);
            }
            expect(await collection.findOne({ _id: 'd' })).toEqual(model);
            expect(await collection.count(probe)).toBe(Number(new Query(probe).test(model)));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
