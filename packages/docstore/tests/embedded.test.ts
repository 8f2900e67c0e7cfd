import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EmbeddedCollection } from '../src/embedded/collection.ts';
import { Database } from '../src/embedded/database.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../src/embedded/index.ts';
import {
  applyMigrations,
  type Document,
  type Filter,
  type FindOptions,
  type IndexSpec,
  type Migration,
} from '../src/index.ts';
import { docStoreContract, type Place } from './contract.ts';
import { migrationsContract } from './migrations-contract.ts';

const makeFolder = () => mkdtemp(join(tmpdir(), 'docstore-'));

const makePlace = async (): Promise<Place> => {
  const folder = await makeFolder();
  return {
    open: () => openEmbeddedStore({ folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
};
docStoreContract('SQLite in a folder', makePlace);
migrationsContract('SQLite in a folder', makePlace, { connections: 1 });

describe('SQLite in a folder', () => {
  let folder: string;
  let store: EmbeddedStore;
  beforeEach(async () => {
    folder = await makeFolder();
    store = await openEmbeddedStore({ folder });
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  const startChild = (script: URL) =>
    spawn(process.execPath, ['--conditions=@tributary/source', fileURLToPath(script), folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });

  test('concurrent writes share commits and syncs of the disk', async () => {
    const one = await store.collection('one', [{ keys: { n: 1 }, unique: true }]);
    const other = await store.collection('other');
    const before = store.statistics;
    await Promise.allSettled(
      Array.from({ length: 500 }, (_, n) => [
        one.insertOne({ _id: `a${n}`, n: n % 400 } as Document),
        other.updateOne({ _id: `b${n % 50}` }, { $inc: { n: 1 } }, { upsert: true }),
      ]).flat(),
    );
    expect(await one.count({})).toBe(400);
    expect(await other.count({ n: 10 })).toBe(50);
    expect(store.statistics.commits - before.commits).toBe(1);
    expect(store.statistics.syncs - before.syncs).toBe(1);
  });

  test('a write resolves after its sync, and a document is shown only when it is durable', async () => {
    const notes = await store.collection('notes');
    const order: string[] = [];
    const syncsBefore = store.statistics.syncs;
    const written = notes.insertOne({ _id: 'a' }).then(() => order.push('written'));
    const read = notes.findOne({ _id: 'a' }).then((found) => order.push(`read ${found?._id}`));
    const refused = notes.insertOne({ _id: 'a' }).catch((error) => order.push(error.name));
    const absent = notes.findOne({ _id: 'b' }).then(() => order.push('absent'));
    await Promise.all([written, read, refused, absent]);
    expect(order[0]).toBe('absent');
    expect(order.slice(1).sort()).toEqual(['DuplicateKeyError', 'read a', 'written']);
    expect(store.statistics.syncs).toBe(syncsBefore + 1);
  });

  test('closing waits for the writes in hand; afterwards all is refused', async () => {
    const notes = await store.collection('notes');
    const writes = Promise.all(Array.from({ length: 50 }, (_, n) => notes.insertOne({ _id: `n${n}` })));
    await store[Symbol.asyncDispose]();
    await writes;
    await expect(notes.insertOne({ _id: 'late' })).rejects.toThrow('closed');
    await expect(notes.find({})).rejects.toThrow('closed');
    await using again = await openEmbeddedStore({ folder });
    expect(await (await again.collection('notes')).count({})).toBe(50);
  });

  test('kill -9 in the middle of many writes: all that resolved are there, whole, under every index', async () => {
    const child = startChild(new URL('./write-until-killed.ts', import.meta.url));
    const resolved: { id: string; version: number }[] = [];
    for await (const line of createInterface(child.stdout)) {
      resolved.push(JSON.parse(line));
      if (resolved.length === 2000) child.kill('SIGKILL');
    }
    const notes = await store.collection<Document & { version: number; number: string }>('notes');
    const latest = new Map(resolved.map(({ id, version }) => [id, version]));
    expect(latest.size).toBeGreaterThan(100);
    for (const [id, version] of latest) {
      const found = await notes.findOne({ _id: id });
      expect(found?.version).toBeGreaterThanOrEqual(version);
      expect(await notes.find({ number: `number of ${id}` })).toEqual([found]);
      expect(await notes.find({ tags: `tag of ${id}` })).toEqual([found]);
    }
  });

  test('kill -9 in the middle of a migration: the next process goes on where it stood, once the lease has ended', async () => {
    const child = startChild(new URL('./migrate-until-killed.ts', import.meta.url));
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    const clock = new ManualClock(Date.now());
    const places: (string | undefined)[] = [];
    let done = false;
    const migration: Migration = {
      version: 2,
      description: 'half done',
      run: async (_docStore, { resumeFrom }) => void places.push(resumeFrom),
    };
    const logger = { info: () => {}, warn: () => {} };
    const migrated = applyMigrations(store, { service: 'ticketing', migrations: [migration], clock, logger });
    void migrated.finally(() => {
      done = true;
    });
    await clock.advance(20_000);
    expect(places).toEqual([]);
    await until('the end of the lease', async () => {
      await clock.advance(1000);
      return done;
    });
    await migrated;
    expect(places).toEqual(['half']);
  });

  test('writes in order wait for the disk once, at the end, and no link of a chain is kept without those before', async () => {
    const notes = await store.collection('notes');
    const other = await store.collection('other');
    const before = store.statistics.syncs;
    await store.inOrder(async () => {
      for (let n = 0; n < 5; n++) {
        await notes.insertOne({ _id: `n${n}` });
        expect(await notes.findOne({ _id: `n${n}` })).toBeDefined();
        await other.updateOne({ _id: 'counter' }, { $inc: { n: 1 } }, { upsert: true });
      }
      expect(store.statistics.syncs).toBe(before);
    });
    expect(store.statistics.syncs).toBe(before + 1);
    await store.inOrder(async () => {
      await store.inOrder(() => notes.insertOne({ _id: 'inner' }));
      expect(store.statistics.syncs).toBe(before + 2);
    });
    expect(store.statistics.syncs).toBe(before + 2);
  });

  test('what was only read in order is durable at its end', async () => {
    const notes = await store.collection('notes');
    const before = store.statistics.syncs;
    const writing = notes.insertOne({ _id: 'theirs' });
    await store.inOrder(async () => {
      expect(await notes.findOne({ _id: 'theirs' })).toBeDefined();
      expect(store.statistics.syncs).toBe(before);
    });
    expect(store.statistics.syncs).toBe(before + 1);
    await writing;
  });

  test('when a write of a chain is lost, those after it are refused and the chain fails', async () => {
    const database = await Database.open(join(folder, 'other'));
    database.connection.exec('CREATE TABLE notes (id TEXT)');
    const insert = (id: string) =>
      database.write(() => void database.connection.prepare('INSERT INTO notes VALUES (?)').run(id));
    const { promise: firstWritten, resolve: goOn } = Promise.withResolvers<void>();
    // Undoes the transaction that both are in.
    const fault = firstWritten.then(() => database.write(() => database.connection.exec('no SQL')));
    const chain = database.inOrder(async () => {
      await insert('lost');
      goOn();
      await expect(fault).rejects.toThrow('syntax error');
      await expect(insert('after it')).rejects.toThrow('syntax error');
      await new Promise((resolve) => setImmediate(resolve));
      await expect(insert('long after it')).rejects.toThrow('syntax error');
    });
    await expect(chain).rejects.toThrow('syntax error');
    await insert('of another');
    expect(database.connection.prepare('SELECT id FROM notes').all()).toEqual([{ id: 'of another' }]);
    await database.close();
  });

  test('kill -9 in the middle of chains: those that ended are whole, of the others a beginning is there', async () => {
    const child = startChild(new URL('./chain-until-killed.ts', import.meta.url));
    const ended: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      ended.push(line);
      if (ended.length === 1000) child.kill('SIGKILL');
    }
    const [first, second, third] = await Promise.all(
      ['first', 'second', 'third'].map(async (name) => {
        const found = await (await store.collection(name)).find({});
        return new Set(found.map(({ _id }) => _id));
      }),
    );
    expect(ended.filter((id) => !third?.has(id))).toEqual([]);
    expect([...(third ?? [])].filter((id) => !second?.has(id))).toEqual([]);
    expect([...(second ?? [])].filter((id) => !first?.has(id))).toEqual([]);
  });

  test('another process’s writes are seen, also by what was read before', async () => {
    const notes = await store.collection('notes');
    await notes.insertOne({ _id: 'shared', n: 1 } as Document);
    const child = startChild(new URL('./write-once.ts', import.meta.url));
    for await (const _ of createInterface(child.stdout));
    expect(await notes.findOne({ _id: 'shared' })).toEqual({ _id: 'shared', n: 2 });
    // The other process also made an index, which this one keeps from now on.
    await notes.insertOne({ _id: 'mine', code: 'x' } as Document);
    expect(await notes.find({ code: 'x' })).toHaveLength(1);
    await expect(notes.insertOne({ _id: 'double', code: 'x' } as Document)).rejects.toThrow('code_1');
  });

  test('a file that is no database is refused and left as it is', async () => {
    const other = join(folder, 'other');
    const letter = 'This is no database, it is a letter. '.repeat(100);
    await mkdir(other);
    await writeFile(join(other, 'docstore.sqlite'), letter);
    await expect(openEmbeddedStore({ folder: other })).rejects.toThrow('file is not a database');
    expect(await readFile(join(other, 'docstore.sqlite'), 'utf8')).toBe(letter);
  });

  describe('searches an index, and sorts by it, for', () => {
    const indexes: readonly IndexSpec[] = [
      { keys: { number: 1 }, unique: true },
      { keys: { dueAtMs: 1 } },
      { keys: { state: 1, score: 1, _id: 1 } },
      { keys: { updatedAtMs: -1, _id: -1 } },
      { keys: { 'customer.id': 1, updatedAtMs: -1, _id: -1 } },
      { keys: { skills: 1 }, multikey: true },
      { keys: { words: 1 }, multikey: 'many' },
    ];
    const cases: readonly [string, Filter, FindOptions, RegExp][] = [
      ['an id', { _id: 'a' }, {}, /SEARCH waiting USING INDEX .* \(_id=\?\)/],
      ['a unique key', { number: 'x' }, {}, /SEARCH waiting USING INDEX waiting.number_1 /],
      ['due rows', { dueAtMs: { $lte: 5 } }, { sort: { dueAtMs: 1 } }, /SEARCH .*dueAtMs_1 \("\$dueAtMs"<\?|dueAtMs_1/],
      [
        'due rows that nobody leases',
        { $and: [{}, { dueAtMs: { $lte: 5 }, $or: [{ lease: null }, { lease: { $lte: 5 } }] }] },
        { sort: { dueAtMs: 1 } },
        /SEARCH .*dueAtMs_1/,
      ],
      [
        'waiting work in score order',
        { state: 'waiting' },
        { sort: { score: 1, _id: 1 } },
        /SEARCH .*state_1_score_1__id_1/,
      ],
      ['the newest', {}, { sort: { updatedAtMs: -1, _id: -1 } }, /SCAN .*updatedAtMs_-1__id_-1/],
      ['the oldest, backwards', {}, { sort: { updatedAtMs: 1, _id: 1 } }, /SCAN .*updatedAtMs_-1__id_-1/],
      [
        'a page',
        { $and: [{}, { updatedAtMs: { $lte: 5 }, $or: [{ updatedAtMs: { $lt: 5 } }, { _id: { $lt: 'x' } }] }] },
        { sort: { updatedAtMs: -1, _id: -1 } },
        /SEARCH .*updatedAtMs_-1__id_-1/,
      ],
      [
        'a customer’s newest',
        { 'customer.id': 'c' },
        { sort: { updatedAtMs: -1, _id: -1 } },
        /SEARCH .*customer.id_1_updatedAtMs_-1__id_-1/,
      ],
      [
        'the newest of several customers',
        { 'customer.id': { $in: ['a', 'b'] } },
        { sort: { updatedAtMs: -1, _id: -1 } },
        /MERGE.*(\n.*SEARCH .*customer.id_1_updatedAtMs_-1__id_-1.*){2}/s,
      ],
      [
        'the newest of one of several customers',
        { 'customer.id': { $in: ['a'] } },
        { sort: { updatedAtMs: -1, _id: -1 } },
        /SEARCH .*customer.id_1_updatedAtMs_-1__id_-1/,
      ],
      ['any of several customers', { 'customer.id': { $in: ['a', 'b'] } }, {}, /SEARCH .*customer.id_1/],
      ['an element of an array', { skills: 'x' }, {}, /SEARCH waiting.skills_1 USING PRIMARY KEY \(element=\?\)/],
      [
        'an element of many',
        { words: 'x' },
        {},
        /SEARCH waiting.words_1 USING PRIMARY KEY \(block=\? AND element=\?\)/,
      ],
    ];
    test.each(cases)('%s', async (_, filter, options, expected) => {
      const waiting = (await store.collection('waiting', indexes)) as EmbeddedCollection<Document>;
      const plan = waiting.explain(filter, options).join('\n');
      expect(plan).toMatch(expected);
      expect(plan).not.toContain('TEMP B-TREE');
    });
  });

  test.each([true, 'many'] as const)(
    'an index of elements (%s) is made anew when it was laid out otherwise',
    async (was) => {
      const now = was === true ? 'many' : true;
      const notes = await store.collection('notes', [{ keys: { words: 1 }, multikey: was }]);
      await notes.bulkWrite(
        Array.from({ length: 200 }, (_, n) => ({
          insertOne: { document: { _id: `n${n}`, words: ['all', `w${n}`] } as Document },
        })),
      );
      await store.collection('notes', [{ keys: { words: 1 }, multikey: now }]);
      await notes.updateOne({ _id: 'n150' }, { $set: { words: ['other'] } });
      await notes.deleteOne({ _id: 'n151' });
      expect(await notes.count({ words: 'all' })).toBe(198);
      expect(await notes.find({ words: { $in: ['w3', 'w199', 'w150', 'w151'] } })).toHaveLength(2);
      expect(await notes.find({ words: { $all: ['all', 'w130'] } })).toHaveLength(1);
    },
  );

  test('an array in an indexed field is still found, though the index no longer helps', async () => {
    const notes = await store.collection('notes', [{ keys: { tag: 1 } }]);
    await notes.insertOne({ _id: 'a', tag: 'x' } as Document);
    expect((notes as EmbeddedCollection<Document>).explain({ tag: 'x' }).join()).toContain('SEARCH');
    await notes.insertOne({ _id: 'b', tag: ['x', 'y'] } as Document);
    expect((notes as EmbeddedCollection<Document>).explain({ tag: 'x' }).join()).toContain('SCAN');
    expect(await notes.count({ tag: 'x' })).toBe(2);
  });

  test('an array where a unique key is, is refused', async () => {
    const notes = await store.collection('notes', [{ keys: { tag: 1 }, unique: true }]);
    await expect(notes.insertOne({ _id: 'b', tag: ['x'] } as Document)).rejects.toThrow(
      'tag: is in the unique index tag_1 and may hold no array',
    );
  });

  test('more documents than the cache holds are all there', async () => {
    await store[Symbol.asyncDispose]();
    store = await openEmbeddedStore({ folder, cacheCharacters: 2000 });
    const notes = await store.collection<Document & { n?: number; text?: string }>('notes');
    for (let n = 0; n < 200; n++) await notes.insertOne({ _id: `n${n}`, n, text: 'x'.repeat(n) });
    for (let n = 0; n < 200; n++) await notes.updateOne({ _id: `n${n}` }, { $inc: { n: 1 } });
    for (let n = 0; n < 200; n++) expect((await notes.findOne({ _id: `n${n}` }))?.n).toBe(n + 1);
  });
});

test('in memory: works the same and leaves nothing', async () => {
  await using store = await openEmbeddedStore({ folder: ':memory:' });
  const notes = await store.collection('notes');
  await Promise.all([notes.insertOne({ _id: 'a' }), notes.insertOne({ _id: 'b' })]);
  expect(await notes.count({})).toBe(2);
  expect(store.statistics.syncs).toBe(0);
});
