import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedLog } from '../src/embedded/index.ts';
import type { EventLog, LogRecord } from '../src/index.ts';
import { eventLogContract, record } from './contract.ts';
import { spawnScript } from './processes/spawn-script.ts';

const makeFolder = () => mkdtemp(join(tmpdir(), 'eventlog-'));
const topic = 'orders.v1';
const embeddedChild = new URL('./processes/embedded-child.ts', import.meta.url);

eventLogContract('SQLite', async () => {
  const folder = await makeFolder();
  return {
    open: () => openEmbeddedLog({ folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
});

describe('the embedded log', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });

  afterEach(() => rm(folder, { recursive: true }));

  const idOf = (found: LogRecord) => found.headers['ce_id'] as string;
  const said = (lines: readonly string[], verb: string) =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1));

  async function readAll(log: EventLog): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    const count = (await log.listTopics()).find(({ name }) => name === topic)?.records;
    const tail = await log.tail({
      topics: [topic],
      from: 'start',
      handle: (found) => {
        records.push(found);
      },
    });
    await until('all records', () => records.length === count);
    await tail.stop();
    return records;
  }

  test('I1: after kill -9 every acknowledged record is there, in order per key, and handled by someone', async () => {
    const acked: string[] = [];
    const handled = new Set<string>();
    for (let kill = 0; kill < 3; kill++) {
      const child = spawnScript(embeddedChild, folder, 'readers');
      await until('acknowledgements', () => said(child.lines, 'acked').length > 1000);
      await child.kill();
      acked.push(...said(child.lines, 'acked'));
      for (const id of said(child.lines, 'handled')) handled.add(id);
    }

    await using log = await openEmbeddedLog({ folder });
    const records = await readAll(log);
    const ids = new Set(records.map(idOf));
    expect(acked.filter((id) => !ids.has(id))).toEqual([]);
    expect(ids.size).toBe(records.length);
    const steps = new Map<string, number>();
    for (const found of records) {
      const step = Number(idOf(found).split('/')[1]);
      expect(step).toBe((steps.get(found.key) ?? -1) + 1);
      steps.set(found.key, step);
    }

    await log.consume({
      group: 'readers',
      topics: [topic],
      handle: async (batch) => {
        for (const found of batch.records) handled.add(idOf(found));
      },
    });
    await until('the rest', async () => (await log.lag('readers')).every(({ lag }) => lag === 0));
    expect(records.filter((found) => !handled.has(idOf(found)))).toEqual([]);
  });

  test('what another process appends to the folder is consumed, tailed and listed here, and the other way round', async () => {
    await using log = await openEmbeddedLog({ folder });
    await log.applyTopics([{ name: topic, partitions: 6, retentionMs: -1 }]);
    const consumed = new Set<string>();
    const tailed = new Set<string>();
    await log.consume({
      group: 'here',
      topics: [topic],
      handle: async ({ records }) => {
        for (const found of records) consumed.add(idOf(found));
      },
    });
    await log.tail({
      topics: [topic],
      from: 'end',
      handle: (found) => {
        tailed.add(idOf(found));
      },
    });
    const child = spawnScript(embeddedChild, folder);
    const ours: string[] = [];
    await until('both to append', async () => {
      ours.push(`ours-${ours.length}`);
      await log.append([record('ours', ours.at(-1) as string)]);
      return said(child.lines, 'acked').length > 500 && ours.length > 10;
    });
    await child.kill();
    const acked = [...said(child.lines, 'acked'), ...ours];
    await until('all of both', () => acked.every((id) => consumed.has(id) && tailed.has(id)));
    const ids = (await readAll(log)).map(idOf);
    expect(ids.filter((id) => id.startsWith('ours'))).toEqual(ours);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('partitions that another process adds are read too', async () => {
    await using log = await openEmbeddedLog({ folder });
    await using other = await openEmbeddedLog({ folder });
    await log.applyTopics([{ name: topic, partitions: 1, retentionMs: -1 }]);
    const consumed = new Set<string>();
    const tailed = new Set<string>();
    await log.consume({
      group: 'here',
      topics: [topic],
      handle: async ({ records }) => {
        for (const found of records) consumed.add(idOf(found));
      },
    });
    await log.tail({
      topics: [topic],
      from: 'end',
      handle: (found) => {
        tailed.add(idOf(found));
      },
    });
    await other.applyTopics([{ name: topic, partitions: 8, retentionMs: -1 }]);
    await other.append(Array.from({ length: 50 }, (_, index) => record(`key-${index}`, index)));
    await until('all records', () => consumed.size === 50 && tailed.size === 50);
    expect((await log.listTopics()).find(({ name }) => name === topic)).toMatchObject({ partitions: 8, records: 50 });
  });

  test('a backlog of large values is read in parts, while appends go on', async () => {
    {
      await using log = await openEmbeddedLog({ folder });
      await log.applyTopics([{ name: topic, partitions: 1, retentionMs: -1 }]);
      for (let index = 0; index < 12; index++)
        await log.append([{ ...record('key', index), value: Buffer.alloc(900_000, index) }]);
    }
    await using log = await openEmbeddedLog({ folder });
    const seen: string[] = [];
    let mostBytes = 0;
    await log.consume({
      group: 'readers',
      topics: [topic],
      handle: async ({ records }) => {
        mostBytes = Math.max(
          mostBytes,
          records.reduce((sum, { value }) => sum + value.byteLength, 0),
        );
        if (seen.length === 0) await log.append([record('key', 12)]);
        seen.push(...records.map(idOf));
      },
    });
    await until('all records', () => seen.length === 13);
    expect(seen).toEqual(Array.from({ length: 13 }, (_, index) => String(index)));
    expect(mostBytes).toBeLessThan(6_000_000);
  });

  test('a second process may not consume while one does, and says so; after a kill the next one may', async () => {
    const child = spawnScript(embeddedChild, folder, 'readers');
    await until('the child to consume', () => said(child.lines, 'handled').length > 0);
    await using log = await openEmbeddedLog({ folder });
    const consume = () => log.consume({ group: 'others', topics: [topic], handle: async () => {} });
    await expect(consume()).rejects.toThrow(/another process consumes/);
    await child.kill();
    await consume();
  });

  test('records past their retention are deleted by the clock; offsets and lag stay right', async () => {
    const clock = new ManualClock();
    const hourMs = 3_600_000;
    {
      await using log = await openEmbeddedLog({ folder, clock });
      await log.applyTopics([
        { name: topic, partitions: 1, retentionMs: hourMs },
        { name: 'kept.v1', partitions: 1, retentionMs: -1 },
      ]);
      const member = await log.consume({ group: 'late', topics: [topic], handle: async () => {} });
      await member.stop();
      for (let part = 0; part < 3; part++)
        await log.append(Array.from({ length: 800 }, (_, index) => record('key', `${part}-${index}`)));
      await log.append([record('key', 'kept', 'kept.v1')]);
      await clock.advance(2 * hourMs);
      await until('the old ones to go', async () => {
        await clock.advance(2000);
        await log.append([record('key', 'fresh', 'kept.v1')]);
        return (await log.listTopics()).find(({ name }) => name === topic)?.records === 0;
      });
      expect(await log.lag('late')).toEqual([{ topic, partition: 0, lag: 0 }]);
    }
    await using log = await openEmbeddedLog({ folder, clock });
    await log.append([record('key', 'after')]);
    const records = await readAll(log);
    expect(records.map(idOf)).toEqual(['after']);
    expect(records[0]?.offset).toBe(2400);
    expect((await log.listTopics()).find(({ name }) => name === 'kept.v1')?.records).toBeGreaterThan(1);
  });

  test('an append that the disk refuses rejects, shows in problems(), and changes nothing', async () => {
    await using log = await openEmbeddedLog({ folder });
    await log.applyTopics([{ name: topic, partitions: 1, retentionMs: -1 }]);
    await log.append([record('key', 1)]);
    const other = new DatabaseSync(join(folder, 'log.db'));
    other.exec(`CREATE TRIGGER full BEFORE INSERT ON records_1 BEGIN SELECT RAISE(ABORT, 'disk is full'); END`);
    await expect(log.append([record('key', 2)])).rejects.toThrow('disk is full');
    expect(log.problems()).toEqual(['cannot append: disk is full']);
    other.exec('DROP TRIGGER full');
    other.close();
    await log.append([record('key', 3)]);
    expect(log.problems()).toEqual([]);
    expect((await readAll(log)).map((found) => [idOf(found), found.offset])).toEqual([
      ['1', 0],
      ['3', 1],
    ]);
  });

  test('a log of a later version is refused', async () => {
    const db = new DatabaseSync(join(folder, 'log.db'));
    db.exec('PRAGMA user_version = 2');
    db.close();
    await expect(openEmbeddedLog({ folder })).rejects.toThrow('version 2');
  });

  test(':memory: works like a folder and leaves nothing behind', async () => {
    await using log = await openEmbeddedLog({ folder: ':memory:' });
    await log.applyTopics([{ name: topic, partitions: 2, retentionMs: -1 }]);
    const seen: string[] = [];
    await log.consume({
      group: 'readers',
      topics: [topic],
      handle: async ({ records }) => {
        seen.push(...records.map(idOf));
      },
    });
    await log.append([record('key', 1)]);
    await until('the record', () => seen.length === 1);
    expect(existsSync(':memory:')).toBe(false);
  });
});
