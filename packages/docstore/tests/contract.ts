import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Collection,
  type DocStore,
  DuplicateKeyError,
  type Filter,
  findPage,
  RefusedError,
  type Update,
} from '../src/index.ts';

/** Where one test's documents are. */
export interface Place extends AsyncDisposable {
  /** Opens the store there; a second time it is another connection to the same documents. */
  open(): Promise<DocStore>;
}

interface Ticket {
  _id: string;
  [field: string]: unknown;
}

const writers = 20;

/** What every adapter of the docstore port promises. */
export function docStoreContract(adapter: string, makePlace: () => Promise<Place>): void {
  describe(`docstore contract: ${adapter}`, () => {
    let place: Place;
    let store: DocStore;
    let tickets: Collection<Ticket>;

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
      tickets = await store.collection<Ticket>('tickets', [
        { keys: { number: 1 }, unique: true },
        { keys: { tenant: 1, sequence: 1 }, unique: true, name: 'sequence' },
        { keys: { updatedAtMs: -1, _id: -1 } },
        { keys: { skills: 1 }, multikey: true },
      ]);
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    const ids = async (filter: Filter, options = {}) =>
      (await tickets.find(filter, { sort: { _id: 1 }, ...options })).map((document) => document._id);

    describe('writes in order', () => {
      test('see what those before them wrote, and are all there for others when they end', async () => {
        await using another = await place.open();
        const theirs = await another.collection<Ticket>('tickets');
        const version = await store.inOrder(async () => {
          await tickets.insertOne({ _id: 'a', version: 1 });
          const counted = await tickets.findOneAndUpdate({ _id: 'a', version: 1 }, { $inc: { version: 1 } });
          await tickets.bulkWrite([{ insertOne: { document: { _id: 'b', follows: counted?._id } } }]);
          return (await tickets.findOne({ _id: 'a' }))?.['version'];
        });
        expect(version).toBe(2);
        expect(await theirs.findOne({ _id: 'b' })).toEqual({ _id: 'b', follows: 'a' });
      });

      test('keep what was written when the work throws, and throw the same', async () => {
        await tickets.insertOne({ _id: 'taken' });
        const work = async () => {
          await tickets.insertOne({ _id: 'kept' });
          await tickets.insertOne({ _id: 'taken' });
        };
        await expect(store.inOrder(work)).rejects.toBeInstanceOf(DuplicateKeyError);
        expect(await ids({})).toEqual(['kept', 'taken']);
      });
    });

    describe('documents', () => {
      test('come back as they were written, without undefined fields', async () => {
        const document = {
          _id: 'a',
          text: 'Grüße 你好 🎧 \u0000 "quoted"',
          numbers: [0, -1, 1.5, 2 ** 53 - 1, -(2 ** 53), 1e300, 5e-324],
          nothing: null,
          yes: true,
          nested: { list: [[], {}, [null, { deep: ['x'] }]], empty: '' },
          names: { 'with.dot': 1, $dollar: 2, '': 3, constructor: 4 },
        };
        await tickets.insertOne({ ...document, left: undefined });
        expect(await tickets.findOne({ _id: 'a' })).toEqual(document);
        expect(Object.keys((await tickets.findOne({ _id: 'a' })) as object)).not.toContain('left');
      });

      test('of 1 MB and more are kept', async () => {
        const text = 'é'.repeat(1024 * 1024);
        await tickets.insertOne({ _id: 'large', text });
        await tickets.updateOne({ _id: 'large' }, { $set: { more: text } });
        expect(await tickets.findOne({ _id: 'large' })).toEqual({ _id: 'large', text, more: text });
      });

      test('with a field named __proto__ are just documents', async () => {
        await tickets.insertOne(JSON.parse('{"_id":"a","headers":{"__proto__":{"admin":true}}}'));
        const found = (await tickets.findOne({ _id: 'a' })) as Ticket;
        expect(Object.getOwnPropertyNames(found['headers'])).toEqual(['__proto__']);
        expect((found['headers'] as { admin?: boolean }).admin).toBeUndefined();
      });

      test('that were returned are the caller’s own', async () => {
        const given = { _id: 'a', list: [{ n: 1 }] };
        await tickets.insertOne(given);
        given.list[0] = { n: 9 };
        const found = (await tickets.findOne({ _id: 'a' })) as typeof given;
        found.list.push({ n: 2 });
        const updated = (await tickets.findOneAndUpdate({ _id: 'a' }, { $set: { x: 1 } })) as unknown as typeof given;
        (updated.list[0] as { n: number }).n = 7;
        expect(await tickets.findOne({ _id: 'a' })).toEqual({ _id: 'a', list: [{ n: 1 }], x: 1 });
      });
    });

    describe('unique keys', () => {
      test(`of ${writers} concurrent writers of one id, one wins`, async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: writers }, (_, n) => tickets.insertOne({ _id: 'same', n })),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected')
            expect(outcome.reason).toMatchObject({ name: 'DuplicateKeyError', collection: 'tickets', index: '_id' });
        }
      });

      test(`of ${writers} concurrent writers of one number, one wins and the others’ own work stays`, async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: writers }, async (_, n) => {
            const mine = tickets.insertOne({ _id: `mine-${n}` });
            await Promise.all([mine, tickets.insertOne({ _id: `t${n}`, number: '20260501001' })]);
          }),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await tickets.count({ number: '20260501001' })).toBe(1);
        expect(await tickets.count({ number: null })).toBe(writers);
        const refused = outcomes.find((outcome) => outcome.status === 'rejected');
        expect(refused?.reason).toBeInstanceOf(DuplicateKeyError);
        expect(refused?.reason.index).toBe('number_1');
      });

      test('leave out documents without any of the fields', async () => {
        await tickets.insertOne({ _id: 'a' });
        await tickets.insertOne({ _id: 'b' });
        await tickets.insertOne({ _id: 'c', tenant: 'x', sequence: 1 });
        await tickets.insertOne({ _id: 'd', tenant: 'x', sequence: 2 });
        await expect(tickets.insertOne({ _id: 'e', tenant: 'x', sequence: 1 })).rejects.toMatchObject({
          index: 'sequence',
        });
      });

      test('count null, and the missing field of a pair, as a value', async () => {
        await tickets.insertOne({ _id: 'a', number: null });
        await expect(tickets.insertOne({ _id: 'b', number: null })).rejects.toBeInstanceOf(DuplicateKeyError);
        await tickets.insertOne({ _id: 'c', tenant: 'x' });
        await expect(tickets.insertOne({ _id: 'd', tenant: 'x' })).rejects.toBeInstanceOf(DuplicateKeyError);
      });

      test('refuse an update too, and leave the document as it was', async () => {
        await tickets.insertOne({ _id: 'a', number: '1' });
        await tickets.insertOne({ _id: 'b', number: '2' });
        await expect(tickets.updateOne({ _id: 'b' }, { $set: { number: '1', x: 1 } })).rejects.toBeInstanceOf(
          DuplicateKeyError,
        );
        expect(await tickets.findOne({ _id: 'b' })).toEqual({ _id: 'b', number: '2' });
        await tickets.updateOne({ _id: 'a' }, { $unset: { number: true } });
        await tickets.updateOne({ _id: 'b' }, { $set: { number: '1' } });
      });

      test('are free again after a delete', async () => {
        await tickets.insertOne({ _id: 'a', number: '1' });
        expect(await tickets.deleteOne({ _id: 'a' })).toEqual({ deleted: 1 });
        expect(await tickets.deleteOne({ _id: 'a' })).toEqual({ deleted: 0 });
        await tickets.insertOne({ _id: 'a', number: '1' });
      });
    });

    describe('conditional updates', () => {
      test(`of ${writers} concurrent claims, no more succeed than there is capacity for`, async () => {
        await tickets.insertOne({ _id: 'agent', loadUnits: 0 });
        const claims = await Promise.all(
          Array.from({ length: writers }, (_, n) =>
            tickets.updateOne(
              { _id: 'agent', loadUnits: { $lte: 75 }, [`work.t${n}`]: { $exists: false } },
              { $inc: { loadUnits: 25 }, $set: { [`work.t${n}`]: 25 } },
            ),
          ),
        );
        expect(claims.filter(({ modified }) => modified === 1)).toHaveLength(4);
        const agent = (await tickets.findOne({ _id: 'agent' })) as Ticket;
        expect(agent['loadUnits']).toBe(100);
        expect(Object.keys(agent['work'] as object)).toHaveLength(4);
      });

      test(`${writers} concurrent increments all count`, async () => {
        const results = await Promise.all(
          Array.from({ length: writers }, async () => {
            for (;;) {
              try {
                return await tickets.findOneAndUpdate({ _id: 'counter' }, { $inc: { next: 1 } }, { upsert: true });
              } catch (error) {
                if (!(error instanceof DuplicateKeyError)) throw error;
              }
            }
          }),
        );
        expect(new Set(results.map((counter) => counter?.['next']))).toHaveProperty('size', writers);
        expect(await tickets.findOne({ _id: 'counter' })).toEqual({ _id: 'counter', next: writers });
      });

      test('racing upserts make one document; a loser gets DuplicateKeyError or updates it', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: writers }, (_, n) =>
            tickets.updateOne({ _id: 'a' }, { $setOnInsert: { winner: n }, $addToSet: { seen: n } }, { upsert: true }),
          ),
        );
        const upserted = outcomes.filter((one) => one.status === 'fulfilled' && one.value.upserted === 1);
        expect(upserted).toHaveLength(1);
        for (const one of outcomes) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(DuplicateKeyError);
        expect(await tickets.count({})).toBe(1);
      });

      test('an upsert whose guard does not hold is refused by the id', async () => {
        await tickets.insertOne({ _id: 'a', version: 2 });
        await expect(
          tickets.updateOne({ _id: 'a', version: 1 }, { $set: { x: 1 } }, { upsert: true }),
        ).rejects.toMatchObject({ index: '_id' });
      });

      test('an upsert starts from the equalities of the filter', async () => {
        await tickets.updateOne(
          { _id: 'a', state: 'new', $and: [{ 'customer.id': { $eq: 'c1' } }], n: { $gt: 1 } },
          { $set: { x: 1 }, $setOnInsert: { y: 2 } },
          { upsert: true },
        );
        expect(await tickets.findOne({})).toEqual({ _id: 'a', state: 'new', customer: { id: 'c1' }, x: 1, y: 2 });
      });

      test('findOneAndUpdate takes the first by the sort and returns it as it was or as it is', async () => {
        for (const [n, _id] of ['c', 'a', 'b'].entries()) await tickets.insertOne({ _id, dueAtMs: n });
        const last = await tickets.findOneAndUpdate({}, { $set: { dueAtMs: -1 } }, { sort: { dueAtMs: -1 } });
        expect(last).toEqual({ _id: 'b', dueAtMs: -1 });
        const before = await tickets.findOneAndUpdate(
          { dueAtMs: { $lt: 0 } },
          { $unset: { dueAtMs: true } },
          { returnDocument: 'before' },
        );
        expect(before).toEqual({ _id: 'b', dueAtMs: -1 });
        expect(await tickets.findOneAndUpdate({ _id: 'none' }, { $set: { x: 1 } })).toBeUndefined();
        expect(
          await tickets.findOneAndUpdate(
            { _id: 'new' },
            { $set: { x: 1 } },
            { upsert: true, returnDocument: 'before' },
          ),
        ).toBeUndefined();
      });

      test('tell what matched and what changed', async () => {
        await tickets.insertOne({ _id: 'a', n: 1 });
        expect(await tickets.updateOne({ _id: 'a' }, { $set: { n: 1 } })).toEqual({
          matched: 1,
          modified: 0,
          upserted: 0,
        });
        expect(await tickets.updateOne({ _id: 'a' }, { $set: { n: 2 } })).toEqual({
          matched: 1,
          modified: 1,
          upserted: 0,
        });
        expect(await tickets.updateOne({ _id: 'b' }, { $set: { n: 2 } })).toEqual({
          matched: 0,
          modified: 0,
          upserted: 0,
        });
        expect(await tickets.updateOne({ _id: 'b' }, { $set: { n: 2 } }, { upsert: true })).toEqual({
          matched: 0,
          modified: 0,
          upserted: 1,
        });
      });
    });

    describe('updates', () => {
      const cases: readonly [string, object, Update, object][] = [
        ['$set makes what the path needs', { a: { b: 1 } }, { $set: { 'a.c.d': 2 } }, { a: { b: 1, c: { d: 2 } } }],
        ['$set reaches into an array', { l: [{ n: 1 }] }, { $set: { 'l.0.n': 2 } }, { l: [{ n: 2 }] }],
        ['$set past an array’s end fills with null', { l: [1] }, { $set: { 'l.3': 4 } }, { l: [1, null, null, 4] }],
        ['$unset removes', { a: { b: 1, c: 2 } }, { $unset: { 'a.b': true, 'x.y': '' } }, { a: { c: 2 } }],
        ['$unset of an element leaves null', { l: [1, 2] }, { $unset: { 'l.0': 1 } }, { l: [null, 2] }],
        ['$inc starts at 0', { a: 1.5 }, { $inc: { a: 1, 'b.c': -2 } }, { a: 2.5, b: { c: -2 } }],
        [
          '$min and $max',
          { a: 5, b: 5, c: 'x' },
          { $min: { a: 3, d: 1 }, $max: { b: 3, c: 'y' } },
          { a: 3, b: 5, c: 'y', d: 1 },
        ],
        ['$push appends', { l: [1] }, { $push: { l: [2], m: 3 } }, { l: [1, [2]], m: [3] }],
        ['$push keeps the last', { l: [1, 2] }, { $push: { l: { $each: [3, 4], $slice: -3 } } }, { l: [2, 3, 4] }],
        [
          '$addToSet adds what is new',
          { l: [1, { a: 1 }] },
          { $addToSet: { l: { $each: [1, { a: 1 }, 2, 2] } } },
          { l: [1, { a: 1 }, 2] },
        ],
        ['$pull by value', { l: [1, 2, 1] }, { $pull: { l: 1 } }, { l: [2] }],
        ['$pull by condition', { l: [1, 5, 9] }, { $pull: { l: { $gte: 5 } } }, { l: [1] }],
        [
          '$pull by fields',
          { l: [{ id: 'a', n: 1 }, { id: 'b' }, 'a'] },
          { $pull: { l: { id: 'a' } } },
          { l: [{ id: 'b' }, 'a'] },
        ],
        ['a field of undefined is left out', { a: 1 }, { $set: { a: undefined, b: 2 } }, { a: 1, b: 2 }],
      ];
      test.each(cases)('%s', async (_, document, update, expected) => {
        await tickets.insertOne({ _id: 'a', ...document });
        await tickets.updateOne({ _id: 'a' }, update);
        expect(await tickets.findOne({ _id: 'a' })).toEqual({ _id: 'a', ...expected });
      });

      const misfits: readonly [string, Update][] = [
        ['$inc of a string', { $inc: { s: 1 } }],
        ['$push to a string', { $push: { s: 1 } }],
        ['$addToSet to a string', { $addToSet: { s: 1 } }],
        ['$pull from a string', { $pull: { s: 'x' } }],
        ['$set through a number', { $set: { 'n.x': 1 } }],
        ['$set through null', { $set: { 'nothing.x': 1 } }],
        ['$set of a name in an array', { $set: { 'l.x': 1 } }],
      ];
      test.each(misfits)('%s is refused and changes nothing', async (_, update) => {
        const document = { _id: 'a', s: 'x', n: 1, nothing: null, l: [1] };
        await tickets.insertOne(document);
        await expect(tickets.updateOne({ _id: 'a' }, update)).rejects.toBeInstanceOf(RefusedError);
        expect(await tickets.findOne({ _id: 'a' })).toEqual(document);
      });
    });

    describe('bulkWrite', () => {
      test('does every operation that can be done and names the duplicates by their place', async () => {
        await tickets.insertOne({ _id: 'a', number: '1', n: 0 });
        const result = await tickets.bulkWrite([
          { insertOne: { document: { _id: 'a' } } },
          { insertOne: { document: { _id: 'b', number: '2' } } },
          { insertOne: { document: { _id: 'c', number: '1' } } },
          { updateOne: { filter: { _id: 'a' }, update: { $inc: { n: 1 } } } },
          { updateOne: { filter: { _id: 'a' }, update: { $set: { n: 1 } } } },
          { updateOne: { filter: { _id: 'd' }, update: { $set: { n: 1 } }, upsert: true } },
          { updateOne: { filter: { _id: 'e' }, update: { $set: { n: 1 } } } },
          { updateOne: { filter: { _id: 'b' }, update: { $set: { number: '1' } } } },
          { deleteOne: { filter: { _id: 'a' } } },
          { deleteOne: { filter: { _id: 'a' } } },
        ]);
        expect(result).toEqual({
          inserted: 1,
          matched: 2,
          modified: 1,
          upserted: 1,
          deleted: 1,
          duplicates: [0, 2, 7],
        });
        expect(await ids({})).toEqual(['b', 'd']);
      });

      test('of nothing does nothing', async () => {
        expect(await tickets.bulkWrite([])).toMatchObject({ inserted: 0, duplicates: [] });
      });

      test('checks all operations before it does any', async () => {
        await expect(
          tickets.bulkWrite([
            { insertOne: { document: { _id: 'a' } } },
            { insertOne: { document: { _id: 'b', at: new Date(0) } } },
          ]),
        ).rejects.toBeInstanceOf(RefusedError);
        expect(await ids({})).toEqual([]);
      });

      test('a document that does not fit its update is refused, the others are done', async () => {
        await tickets.insertOne({ _id: 'a', n: 'text' });
        await expect(
          tickets.bulkWrite([
            { updateOne: { filter: { _id: 'a' }, update: { $inc: { n: 1 } } } },
            { insertOne: { document: { _id: 'b' } } },
          ]),
        ).rejects.toBeInstanceOf(RefusedError);
        expect(await ids({})).toEqual(['a', 'b']);
      });

      test('of 1,000 inserts, then 1,000 updates', async () => {
        const all = Array.from({ length: 1000 }, (_, n) => `t${n}`);
        await tickets.bulkWrite(all.map((_id) => ({ insertOne: { document: { _id, n: 0 } } })));
        const result = await tickets.bulkWrite(
          all.map((_id) => ({ updateOne: { filter: { _id }, update: { $inc: { n: 1 } } } })),
        );
        expect(result).toMatchObject({ matched: 1000, modified: 1000 });
        expect(await tickets.find({ _id: { $in: all } })).toHaveLength(1000);
        expect(await tickets.count({ n: 1 })).toBe(1000);
      });
    });

    describe('filters', () => {
      const documents: readonly Ticket[] = [
        { _id: 'a', state: 'new', n: 1, skills: ['de', 'battery'], owner: { id: 'x' } },
        { _id: 'b', state: 'open', n: 2, skills: ['en'], owner: null },
        {
          _id: 'c',
          state: 'open',
          n: '2',
          skills: [],
          parts: [
            { id: 1, ok: true },
            { id: 2, ok: false },
          ],
        },
        { _id: 'd', n: null, skills: 'en', parts: [{ id: 2, ok: true }] },
        { _id: 'e', state: true, n: [1, 3], owner: { id: 'x', name: 'y' } },
      ];
      const cases: readonly [Filter, readonly string[]][] = [
        [{}, ['a', 'b', 'c', 'd', 'e']],
        [{ state: 'open' }, ['b', 'c']],
        [{ state: { $ne: 'open' } }, ['a', 'd', 'e']],
        [{ state: { $in: ['new', true] } }, ['a', 'e']],
        [{ state: { $in: [] } }, []],
        [{ state: { $in: [null, 'new'] } }, ['a', 'd']],
        [{ state: { $nin: ['open', 'new'] } }, ['d', 'e']],
        [{ state: null }, ['d']],
        [{ n: 1 }, ['a', 'e']],
        [{ n: { $gt: 1 } }, ['b', 'e']],
        [{ n: { $gte: 1, $lt: 3 } }, ['a', 'b', 'e']],
        [{ n: { $gt: '1' } }, ['c']],
        [{ n: [1, 3] }, ['e']],
        [{ n: { $size: 2 } }, ['e']],
        [{ n: { $exists: false } }, []],
        [{ state: { $exists: false } }, ['d']],
        [{ owner: { id: 'x' } }, ['a']],
        [{ 'owner.id': 'x' }, ['a', 'e']],
        [{ 'owner.id': null }, ['b', 'c', 'd']],
        [{ 'owner.id': { $exists: true } }, ['a', 'e']],
        [{ skills: 'en' }, ['b', 'd']],
        [{ skills: { $in: ['en', 'battery'] } }, ['a', 'b', 'd']],
        [{ skills: { $all: ['battery', 'de'] } }, ['a']],
        [{ skills: { $size: 0 } }, ['c']],
        [{ skills: [] }, ['c']],
        [{ 'parts.id': 2 }, ['c', 'd']],
        [{ 'parts.0.id': 2 }, ['d']],
        [{ parts: { $elemMatch: { id: 2, ok: true } } }, ['d']],
        [{ n: { $elemMatch: { $gt: 1, $lt: 4 } } }, ['e']],
        [{ $or: [{ state: 'new' }, { skills: 'en' }] }, ['a', 'b', 'd']],
        [{ $and: [{ state: 'open' }, { $or: [{ n: 2 }, { n: 9 }] }] }, ['b']],
        [{ state: undefined, n: 2 }, ['b']],
        [{ _id: { $in: ['e', 'a', 'nobody', 'a'] } }, ['a', 'e']],
        [{ _id: { $in: ['e', 'a'] }, n: 1, state: 'new' }, ['a']],
        [{ _id: { $gt: 'b', $lte: 'd' } }, ['c', 'd']],
      ];
      // The same answers whether or not an index can help.
      test.each([[[]], [[{ keys: { state: 1 } }, { keys: { n: 1 } }, { keys: { 'owner.id': 1 } }] as const]])(
        'find what MongoDB finds, with indexes %j',
        async (indexes) => {
          await store.collection('tickets', indexes);
          for (const document of documents) await tickets.insertOne(document);
          for (const [filter, expected] of cases) {
            expect([filter, await ids(filter)]).toEqual([filter, expected]);
            expect([filter, await tickets.count(filter)]).toEqual([filter, expected.length]);
          }
        },
      );

      test('find what an index made later holds', async () => {
        for (const document of documents) await tickets.insertOne(document);
        await store.collection('tickets', [{ keys: { state: 1, 'owner.id': -1 } }]);
        await store.collection('tickets', [{ keys: { 'parts.id': 1 }, multikey: true }]);
        expect(await ids({ state: 'open' })).toEqual(['b', 'c']);
        expect(await ids({ 'parts.id': 2 })).toEqual(['c', 'd']);
      });

      test('follow the elements of a multikey index when they change', async () => {
        await tickets.insertOne({ _id: 'a', skills: ['x', 'y'] });
        await tickets.updateOne({ _id: 'a' }, { $pull: { skills: 'x' }, $set: { z: 1 } });
        await tickets.updateOne({ _id: 'a' }, { $push: { skills: 'z' } });
        expect([await ids({ skills: 'x' }), await ids({ skills: 'y' }), await ids({ skills: 'z' })]).toEqual([
          [],
          ['a'],
          ['a'],
        ]);
        await tickets.deleteOne({ _id: 'a' });
        await tickets.insertOne({ _id: 'b', skills: ['z'] });
        expect(await ids({ skills: 'z' })).toEqual(['b']);
      });
    });

    describe('sort, limit, projection', () => {
      test.each([[[]], [[{ keys: { key: 1 } }] as const]])(
        'the order of strings, numbers, null and missing is the same everywhere, with indexes %j',
        async (indexes) => {
          await store.collection('tickets', indexes);
          const ordered = [
            -1,
            0,
            1.5,
            2,
            10,
            '',
            '10',
            '2',
            'A',
            'a',
            'b',
            'ä',
            '\u{ff5e}',
            '🎧',
            { a: 1 },
            false,
            true,
          ];
          const shuffled = ordered.map((key, n) => ({ _id: `k${n}`, key })).sort((a, b) => (a._id < b._id ? 1 : -1));
          for (const document of [...shuffled, { _id: 'missing' }, { _id: 'null', key: null }])
            await tickets.insertOne(document);
          const up = await tickets.find({}, { sort: { key: 1 } });
          expect(up.slice(2).map(({ key }) => key)).toEqual(ordered);
          expect(new Set(up.slice(0, 2).map(({ _id }) => _id))).toEqual(new Set(['missing', 'null']));
          const down = await tickets.find({ key: { $ne: null } }, { sort: { key: -1 } });
          expect(down.map(({ key }) => key)).toEqual(ordered.toReversed());
        },
      );

      test('several fields, skip and limit', async () => {
        for (let n = 0; n < 12; n++)
          await tickets.insertOne({ _id: `t${String(n).padStart(2, '0')}`, updatedAtMs: n % 3, x: -n });
        expect(await ids({}, { sort: { updatedAtMs: -1, _id: -1 }, limit: 3, skip: 1 })).toEqual(['t08', 't05', 't02']);
        expect(await ids({}, { sort: { updatedAtMs: 1, x: 1 }, limit: 2 })).toEqual(['t09', 't06']);
        expect(await ids({ updatedAtMs: { $gte: 1 } }, { limit: 2, skip: 7 })).toEqual(['t11']);
        expect(await ids({ _id: { $in: ['t03', 't01', 't02'] } }, { sort: { x: 1 }, limit: 2 })).toEqual([
          't03',
          't02',
        ]);
      });

      test('only the fields asked for', async () => {
        await tickets.insertOne({ _id: 'a', n: 1, o: { x: 1, y: 2 }, l: [{ x: 1, y: 2 }, 5, { y: 3 }] });
        const project = (projection: Record<string, 0 | 1>) => tickets.findOne({}, { projection });
        expect(await project({ n: 1 })).toEqual({ _id: 'a', n: 1 });
        expect(await project({ _id: 1 })).toEqual({ _id: 'a' });
        expect(await project({ 'o.x': 1, 'l.x': 1, none: 1 })).toEqual({ _id: 'a', o: { x: 1 }, l: [{ x: 1 }, {}] });
        expect(await project({ n: 0, 'o.x': 0, 'l.x': 0 })).toEqual({
          _id: 'a',
          o: { y: 2 },
          l: [{ y: 2 }, 5, { y: 3 }],
        });
      });
    });

    describe('paging', () => {
      test.each([1, -1] as const)('lists everything once while documents come in, direction %i', async (direction) => {
        for (let n = 0; n < 25; n++) await tickets.insertOne({ _id: `t${n}`, updatedAtMs: n % 4, state: 'open' });
        const order = { field: 'updatedAtMs', direction };
        const seen: string[] = [];
        let pageToken = '';
        for (let round = 0; ; round++) {
          const page = await findPage(tickets, { state: 'open' }, { order, pageSize: 4, pageToken });
          seen.push(...page.documents.map(({ _id }) => _id));
          for (const updatedAtMs of [0, 2, 9])
            await tickets.insertOne({ _id: `new${round}-${updatedAtMs}`, updatedAtMs, state: 'open' });
          if (page.nextPageToken === undefined || round > 40) break;
          pageToken = page.nextPageToken;
        }
        const old = seen.filter((id) => id.startsWith('t'));
        expect(old).toHaveLength(25);
        expect(new Set(seen).size).toBe(seen.length);
      });
    });

    describe('refuses, naming the place and what is allowed', () => {
      const documents: readonly [string, object, string][] = [
        [
          'a Date',
          { _id: 'a', at: { made: new Date(0) } },
          'at.made: a Date is not JSON; store milliseconds as a number',
        ],
        ['a bigint', { _id: 'a', n: 1n }, 'n: a bigint is not JSON'],
        ['a function', { _id: 'a', l: [() => 1] }, 'l.0: a function is not JSON'],
        ['NaN', { _id: 'a', o: { n: Number.NaN } }, 'o.n: NaN is not JSON'],
        ['Infinity', { _id: 'a', n: Number.POSITIVE_INFINITY }, 'n: Infinity is not JSON'],
        ['a class', { _id: 'a', m: new Map() }, 'm: a Map is not JSON'],
        ['a hole in an array', { _id: 'a', l: [undefined] }, 'l.0: a undefined is not JSON'],
        ['no id', { n: 1 }, '_id: must be a string that is not empty'],
        ['an empty id', { _id: '' }, '_id: must be a string that is not empty'],
        ['a number as id', { _id: 5 }, '_id: must be a string that is not empty'],
        ['an operator as field', { _id: 'a', $set: 1 }, "$set: a document's own fields may not start with '$'"],
      ];
      test.each(documents)('a document with %s', async (_, document, message) => {
        await expect(tickets.insertOne(document as Ticket)).rejects.toThrow(message);
        await expect(tickets.insertOne(document as Ticket)).rejects.toBeInstanceOf(RefusedError);
      });

      const filters: readonly [object, string][] = [
        [{ a: { $regex: 'x' } }, 'a.$regex: is not supported; allowed are $eq, $ne, $gt'],
        [{ $nor: [] }, '$nor: is not supported; allowed here are $and, $or and field paths'],
        [{ $or: [{ a: { $type: 2 } }] }, '$or.0.a.$type: is not supported'],
        [{ $or: [] }, '$or: takes a list of filters that is not empty'],
        [{ a: { $in: 5 } }, 'a.$in: takes a list'],
        [{ a: { $gt: null } }, 'a.$gt: takes a number or a string'],
        [{ a: { $gt: new Date(0) } }, 'a.$gt: a Date is not JSON'],
        [{ a: { $eq: 1, b: 2 } }, 'a.b: is not supported'],
        [{ a: { $size: -1 } }, 'a.$size: takes a whole number from 0'],
        [{ 'a..b': 1 }, 'a..b: is not a path'],
        [{ _id: 5 }, '_id: must be a string'],
      ];
      test.each(filters)('the filter %j', async (filter, message) => {
        await expect(tickets.find(filter as Filter)).rejects.toThrow(message);
        await expect(tickets.count(filter as Filter)).rejects.toBeInstanceOf(RefusedError);
      });

      const updates: readonly [object, string][] = [
        [{ $rename: { a: 'b' } }, '$rename: is not supported; allowed are $set, $setOnInsert, $unset'],
        [{ a: 1 }, 'a: is not supported'],
        [{}, 'an update needs at least one change'],
        [{ $set: { a: undefined } }, 'an update needs at least one change'],
        [{ $set: { a: 1 }, $inc: { 'a.b': 1 } }, 'a: is changed twice by one update'],
        [{ $set: { a: new Date(0) } }, '$set.a: a Date is not JSON'],
        [{ $set: { _id: 'b' } }, '$set._id: an id never changes'],
        [{ $inc: { a: '1' } }, '$inc.a: takes a number'],
        [
          { $push: { a: { $each: [], $sort: 1 } } },
          '$push.a.$sort: is not supported; allowed here is $each and $slice',
        ],
        [{ $set: { 'a.$.b': 1 } }, '$set.a.$.b: is not a path'],
      ];
      test.each(updates)('the update %j', async (update, message) => {
        await expect(tickets.updateOne({ _id: 'a' }, update as Update)).rejects.toThrow(message);
        await expect(tickets.findOneAndUpdate({ _id: 'a' }, update as Update)).rejects.toBeInstanceOf(RefusedError);
      });

      test('a write with a condition of undefined, for it would guard nothing', async () => {
        const update = { $set: { x: 1 } };
        await expect(tickets.updateOne({ _id: 'a', version: undefined }, update)).rejects.toThrow(
          'version: a write may not have a condition of undefined',
        );
        await expect(tickets.deleteOne({ _id: undefined })).rejects.toBeInstanceOf(RefusedError);
      });

      test('an upsert that does not say which id', async () => {
        await expect(tickets.updateOne({ n: 1 }, { $set: { x: 1 } }, { upsert: true })).rejects.toThrow(
          '_id: an upsert names it in its filter or in $setOnInsert',
        );
        await tickets.updateOne({ n: 1 }, { $setOnInsert: { _id: 'chosen' } }, { upsert: true });
        expect(await tickets.findOne({ n: 1 })).toEqual({ _id: 'chosen', n: 1 });
      });

      test('an index whose name is taken by another', async () => {
        await expect(store.collection('tickets', [{ name: 'sequence', keys: { x: 1 } }])).rejects.toThrow(
          'sequence: tickets has an index of this name with other keys or options',
        );
      });

      test('a unique index that the documents break already', async () => {
        await tickets.insertOne({ _id: 'a', code: 1 });
        await tickets.insertOne({ _id: 'b', code: 1 });
        await expect(store.collection('tickets', [{ keys: { code: 1 }, unique: true }])).rejects.toThrow(
          'code_1: documents in tickets have the same values already',
        );
        expect(await ids({ code: 1 })).toEqual(['a', 'b']);
      });

      test('a collection name that could be something else', async () => {
        await expect(store.collection('no/path')).rejects.toBeInstanceOf(RefusedError);
      });
    });

    describe('connections', () => {
      test('the same name gives the same collection', async () => {
        expect(await store.collection('tickets')).toBe(tickets);
      });

      test('what resolved is there for whoever opens the store next', async () => {
        await tickets.insertOne({ _id: 'a', number: '1', skills: ['x'] });
        await store[Symbol.asyncDispose]();
        store = await place.open();
        tickets = await store.collection('tickets');
        expect(await tickets.findOne({ number: '1' })).toEqual({ _id: 'a', number: '1', skills: ['x'] });
        await expect(tickets.insertOne({ _id: 'b', number: '1' })).rejects.toBeInstanceOf(DuplicateKeyError);
      });

      test('two connections see each other’s writes and keep one another’s unique keys', async () => {
        await using other = await place.open();
        const others = await other.collection<Ticket>('tickets');
        await tickets.insertOne({ _id: 'a', n: 1, number: '1' });
        expect(await others.findOne({ _id: 'a' })).toMatchObject({ n: 1 });
        await others.updateOne({ _id: 'a' }, { $set: { n: 2 } });
        // An event loop's turn, as it would lie between the two processes' actions.
        await new Promise((resolve) => setImmediate(resolve));
        expect(await tickets.findOne({ _id: 'a' })).toMatchObject({ n: 2 });
        await tickets.updateOne({ _id: 'a', n: 2 }, { $inc: { n: 1 } });
        await expect(others.insertOne({ _id: 'b', number: '1' })).rejects.toBeInstanceOf(DuplicateKeyError);
        expect(await others.findOneAndUpdate({ _id: 'a' }, { $inc: { n: 1 } })).toMatchObject({ n: 4 });
      });

      test('says nothing is wrong when nothing is', () => {
        expect(store.problems()).toEqual([]);
      });
    });
  });
}
