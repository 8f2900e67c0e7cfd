import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '../src/embedded/index.ts';
import {
  type Document,
  decodePageToken,
  encodePageToken,
  findPage,
  InvalidPageTokenError,
  type PageOrder,
} from '../src/index.ts';

interface Item extends Document {
  key: string | number;
}

const value = fc.oneof(fc.string({ unit: 'binary' }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const order = fc.record({
  field: fc.constantFrom('key', '_id', 'deep.key'),
  direction: fc.constantFrom(1, -1),
}) as fc.Arbitrary<PageOrder>;

describe('page tokens', () => {
  test('keep any position', () => {
    fc.assert(
      fc.property(order, value, fc.string({ minLength: 1 }), (of, at, id) => {
        const position = { value: Object.is(at, -0) ? 0 : at, id };
        expect(decodePageToken(of, encodePageToken(of, position))).toEqual(position);
      }),
    );
  });

  test('are refused with a clear error when they are none', () => {
    fc.assert(
      fc.property(
        order,
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((json) => Buffer.from(json).toString('base64url')),
        ),
        (of, token) => {
          expect(() => decodePageToken(of, token)).toThrow(InvalidPageTokenError);
        },
      ),
    );
  });

  test('are refused in a listing of another order', () => {
    const token = encodePageToken({ field: 'a', direction: 1 }, { value: 1, id: 'x' });
    for (const other of [
      { field: 'b', direction: 1 },
      { field: 'a', direction: -1 },
    ] as const)
      expect(() => decodePageToken(other, token)).toThrow('the page token belongs to a listing in another order');
  });
});

test('pages list every document that stays in place exactly once, whatever is inserted, changed and deleted meanwhile', async () => {
  await using store = await openEmbeddedStore({ folder: ':memory:' });
  let run = 0;
  const key = fc.constantFrom(0, 1, 2, 3);
  await fc.assert(
    fc.asyncProperty(
      fc.array(key, { maxLength: 20 }),
      fc.constantFrom(1 as const, -1 as const),
      fc.boolean(),
      fc.integer({ min: 1, max: 6 }),
      fc.infiniteStream(fc.record({ insert: key, change: fc.nat(), to: key, remove: fc.nat() })),
      async (keys, direction, byId, pageSize, meanwhile) => {
        const items = await store.collection<Item>(`items${run++}`, byId ? [] : [{ keys: { key: 1, _id: 1 } }]);
        const ids = keys.map((_, n) => `i${String(n).padStart(2, '0')}`);
        for (const [n, one] of keys.entries()) await items.insertOne({ _id: ids[n] as string, key: one });
        const order = { field: byId ? '_id' : 'key', direction };
        const touched = new Set<string>();
        const seen: Item[] = [];
        let pageToken = '';
        for (let page = 0; page < 100; page++) {
          const { documents, nextPageToken } = await findPage(items, {}, { order, pageSize, pageToken });
          expect(documents.length).toBeLessThanOrEqual(pageSize);
          seen.push(...documents);
          if (nextPageToken === undefined) break;
          pageToken = nextPageToken;
          if (page > 10) continue;
          const change = meanwhile.next().value;
          if (change === undefined) break;
          await items.insertOne({ _id: `new${page}`, key: change.insert });
          const changed = ids[change.change % ids.length] as string;
          const removed = ids[change.remove % ids.length] as string;
          await items.updateOne({ _id: changed }, { $set: { key: change.to } });
          await items.deleteOne({ _id: removed });
          touched.add(changed).add(removed);
        }
        for (const id of ids) {
          const times = seen.filter((item) => item._id === id).length;
          if (!touched.has(id)) expect([id, times]).toEqual([id, 1]);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a listing by a field that a document lacks says which', async () => {
  await using store = await openEmbeddedStore({ folder: ':memory:' });
  const items = await store.collection('items');
  await items.insertOne({ _id: 'a' });
  await items.insertOne({ _id: 'b' });
  await expect(findPage(items, {}, { order: { field: 'key', direction: 1 }, pageSize: 1 })).rejects.toThrow(
    'a cannot be listed by key',
  );
});
