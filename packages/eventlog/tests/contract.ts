import { setImmediate } from 'node:timers/promises';
import { until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Batch,
  type ConsumeOptions,
  type Consumer,
  decodeBatch,
  findDeadLetter,
  type LogRecord,
  LogRefusedError,
  listDeadLetters,
  type NewRecord,
  type OpenedLog,
  replayDeadLetters,
} from '../src/index.ts';

/** An adapter under test, on a log of its own. */
interface LogUnderTest extends AsyncDisposable {
  /** Opens the same log anew; the test closes it. */
  open(): Promise<OpenedLog>;
}

const topic = 'orders.v1';
const partitions = 6;

export function record(key: string, id: string | number, topicName = topic): NewRecord {
  return { topic: topicName, key, value: Buffer.from(String(id)), headers: { ce_id: String(id), ce_type: 'test' } };
}

const idOf = (found: LogRecord) => found.headers['ce_id'] as string;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** What every adapter of the EventLog port promises. */
export function eventLogContract(name: string, create: () => Promise<LogUnderTest>): void {
  describe(`EventLog on ${name}`, () => {
    let under: LogUnderTest;
    let log: OpenedLog;

    beforeEach(async () => {
      under = await create();
      log = await under.open();
      await log.applyTopics([
        { name: topic, partitions, retentionMs: 3_600_000 },
        { name: 'other.v1', partitions: 2, retentionMs: -1 },
      ]);
    });

    afterEach(async () => {
      await log[Symbol.asyncDispose]();
      await under[Symbol.asyncDispose]();
    });

    /** A member that keeps what it was given and drops repeats by `ce_id`, as every consumer must. */
    async function collect(options: Partial<ConsumeOptions> = {}) {
      const seen: LogRecord[] = [];
      const ids = new Set<string>();
      const consumer = await log.consume({
        group: 'readers',
        topics: [topic],
        handle: async ({ records }) => {
          for (const found of records) {
            if (ids.has(idOf(found))) continue;
            ids.add(idOf(found));
            seen.push(found);
          }
        },
        ...options,
      });
      return { seen, consumer };
    }

    async function lagOf(group: string): Promise<number> {
      return (await log.lag(group)).reduce((sum, { lag }) => sum + lag, 0);
    }

    /** A key for each partition, found by appending. */
    async function keysByPartition(): Promise<Map<number, string>> {
      const keys = new Map<number, string>();
      const tail = await log.tail({
        topics: [topic],
        from: 'end',
        handle: ({ partition, key }) => {
          keys.set(partition, key);
        },
      });
      await log.append(range(100).map((index) => record(`key-${index}`, `probe-${index}`)));
      await until('a key for each partition', () => keys.size === partitions);
      await tail.stop();
      return keys;
    }

    test('a record comes out as it went in, with its place and time', async () => {
      const { seen } = await collect();
      const headers = { ce_id: 'id-1', ce_subject: '客户 ✓', empty: '' };
      const beforeMs = Date.now();
      await log.append([{ topic, key: 'ключ', value: Uint8Array.of(0, 255, 1), headers }]);
      await until('the record', () => seen.length === 1);
      const [found] = seen as [LogRecord];
      expect(found).toMatchObject({ topic, key: 'ключ', headers });
      expect([...found.value]).toEqual([0, 255, 1]);
      expect(found.partition).toBeLessThan(partitions);
      expect(found.offset).toBeGreaterThanOrEqual(0);
      expect(Math.abs(found.timestampMs - beforeMs)).toBeLessThan(60_000);
    });

    test('I2: records with one key keep the order of the calls, also when many are appended at once', async () => {
      const { seen } = await collect();
      const keys = range(20).map((index) => `conversation-${index}`);
      await Promise.all(range(100).flatMap((step) => keys.map((key) => log.append([record(key, `${key}/${step}`)]))));
      await until('all records', () => seen.length === 2000);
      for (const key of keys) {
        const steps = seen.filter((found) => found.key === key).map(idOf);
        expect(steps).toEqual(range(100).map((step) => `${key}/${step}`));
      }
    });

    test('group commit: concurrent appends share a durable write; one that waits for the one before has its own', async () => {
      const commitsOf = async (work: () => Promise<unknown>) => {
        const before = log.statistics.commits;
        await work();
        return log.statistics.commits - before;
      };
      const appendAll = (prefix: string) =>
        Promise.all(range(400).map((index) => log.append([record(`key-${index}`, `${prefix}-${index}`)])));

      expect(await commitsOf(() => appendAll('together'))).toBe(1);
      expect(
        await commitsOf(async () => {
          for (const index of range(5)) await log.append([record('key', `alone-${index}`)]);
        }),
      ).toBe(5);
      // What comes while a write is under way waits for the next one, however much it is.
      const behind = async () => {
        const first = log.append([record('key', 'first')]);
        await setImmediate();
        await setImmediate();
        await Promise.all([first, appendAll('behind')]);
      };
      expect(await commitsOf(behind)).toBe(2);
      const { seen } = await collect();
      await until('every record', () => seen.length === 806);
    });

    test('offsets increase within a partition, and batches hold one partition in order', async () => {
      const batches: Batch[] = [];
      await log.append(range(300).map((index) => record(`key-${index}`, index)));
      await collect({
        maxBatch: 20,
        handle: async (batch) => {
          batches.push(batch);
        },
      });
      const ids = () => new Set(batches.flatMap((batch) => batch.records.map(idOf)));
      await until('all records', () => ids().size === 300);
      const next = new Map<number, number>();
      for (const batch of batches) {
        expect(batch.records.length).toBeGreaterThan(0);
        expect(batch.records.length).toBeLessThanOrEqual(20);
        const offsets = batch.records.map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
        expect(new Set(batch.records.map(({ partition }) => partition))).toEqual(new Set([batch.partition]));
        // A batch may come again, but nothing is skipped.
        expect(offsets[0]).toBeLessThanOrEqual(next.get(batch.partition) ?? 0);
        next.set(batch.partition, (offsets.at(-1) as number) + 1);
      }
    });

    test('an append of nothing is done at once', async () => {
      await log.append([]);
    });

    test('an unknown topic is refused by name, and what is appended beside it gets through', async () => {
      const { seen } = await collect();
      const refused = log.append([record('key', 'lost', 'unknown.v1')]);
      const taken = log.append([record('key', 'kept')]);
      await expect(refused).rejects.toThrow(LogRefusedError);
      await expect(refused).rejects.toThrow('unknown.v1');
      await taken;
      await until('the other record', () => seen.length === 1);
      await expect(collect({ topics: ['unknown.v1'] })).rejects.toThrow(LogRefusedError);
      await expect(log.tail({ topics: ['unknown.v1'], from: 'end', handle: () => {} })).rejects.toThrow(
        LogRefusedError,
      );
    });

    test('an empty key, a value over 1,000,000 bytes and headers without end are refused, naming the rule', async () => {
      await expect(log.append([record('', 1)])).rejects.toThrow(/key is empty/);
      const value = new Uint8Array(1_000_001);
      await expect(log.append([{ ...record('key', 1), value }])).rejects.toThrow(/1000001 bytes, at most 1000000/);
      const headers = { ce_id: '1', long: 'x'.repeat(12_000) };
      await expect(log.append([{ ...record('key', 1), headers }])).rejects.toThrow(/characters, at most 12000/);
      await expect(log.append([record('', 1)])).rejects.toThrow(LogRefusedError);
      expect(log.problems()).toEqual([]);
    });

    test('values of 900 KB and of the largest size allowed come through unchanged', async () => {
      const { seen } = await collect();
      const values = range(6).map((index) => Buffer.alloc(index === 5 ? 1_000_000 : 900_000, index));
      await Promise.all(values.map((value, index) => log.append([{ ...record('key', index), value }])));
      await until('the large records', () => seen.length === values.length);
      seen.forEach(({ value }, index) => {
        expect(Buffer.compare(value, values[index] as Buffer)).toBe(0);
      });
    });

    test('the largest record can still be dead-lettered', async () => {
      const value = Buffer.alloc(1_000_000, 7);
      await collect({
        handle: async (batch) => {
          for (const found of batch.records) await batch.deadLetter(found, new Error('界'.repeat(10_000)));
        },
      });
      await log.append([{ ...record('key', 1), value, headers: { ce_id: '1', long: '界'.repeat(11_000) } }]);
      const [letter] = await until('the dead letter', async () => {
        const letters = await listDeadLetters(log, topic);
        return letters.length > 0 && letters;
      });
      expect(letter?.record.value.byteLength).toBe(1_000_000);
    });

    test('I4: an offset is committed after the batch is handled, not before', async () => {
      const gate = Promise.withResolvers<void>();
      let begun = 0;
      const { consumer } = await collect({
        handle: async ({ records }) => {
          begun += records.length;
          await gate.promise;
        },
      });
      await log.append([record('key', 1)]);
      await until('the handler to begin', () => begun > 0);
      expect(await lagOf('readers')).toBeGreaterThan(0);
      expect(log.inHand().map(({ what }) => what)).toEqual([expect.stringContaining('readers handles ')]);
      gate.resolve();
      await until('the commit', async () => (await lagOf('readers')) === 0);
      expect(log.inHand()).toEqual([]);
      await consumer.stop();
    });

    test('I4: a batch that fails comes again until it succeeds; meanwhile problems() says why', async () => {
      let failures = 0;
      const handled: string[] = [];
      const { consumer } = await collect({
        handle: async ({ records }) => {
          if (failures < 3) {
            failures++;
            throw new Error('the database is away');
          }
          handled.push(...records.map(idOf).filter((id) => !handled.includes(id)));
        },
      });
      await log.append([record('key', 1), record('key', 2)]);
      await until('the problem', () => consumer.problems().some((problem) => problem.includes('the database is away')));
      await until('success', () => handled.length === 2);
      expect(handled).toEqual(['1', '2']);
      expect(failures).toBe(3);
      await until('no problems', () => consumer.problems().length === 0);
    });

    test('I2: a partition that fails does not stop the others', async () => {
      const keys = await keysByPartition();
      const broken = keys.get(0) as string;
      const seen = new Set<string>();
      let repaired = false;
      const { consumer } = await collect({
        handle: async ({ records }) => {
          if (!repaired && records.some(({ key }) => key === broken)) throw new Error('stuck');
          for (const found of records) seen.add(idOf(found));
        },
      });
      await log.append([record(broken, 'stuck-1')]);
      await until('the problem', () => consumer.problems().length === 1);
      for (const round of range(3)) {
        for (const [partition, key] of keys) if (partition !== 0) await log.append([record(key, `${key}-${round}`)]);
        await until(`round ${round} on the others`, () =>
          [...keys].every(([partition, key]) => partition === 0 || seen.has(`${key}-${round}`)),
        );
      }
      expect(seen.has('stuck-1')).toBe(false);
      repaired = true;
      await until('the repaired partition', () => seen.has('stuck-1'));
    });

    test('I2: a slow partition does not hold up the others', async () => {
      const keys = await keysByPartition();
      const slow = keys.get(0) as string;
      const gate = Promise.withResolvers<void>();
      const seen = new Set<string>();
      await collect({
        handle: async ({ records }) => {
          if (records.some((found) => idOf(found) === 'slow')) await gate.promise;
          for (const found of records) seen.add(idOf(found));
        },
      });
      await until('nothing left', async () => (await lagOf('readers')) === 0);
      await log.append([record(slow, 'slow')]);
      for (const round of range(5)) {
        const key = keys.get(1) as string;
        await log.append([record(key, `fast-${round}`)]);
        await until('the fast one', () => seen.has(`fast-${round}`));
      }
      expect(seen.has('slow')).toBe(false);
      await log.append([record(slow, 'after-slow')]);
      gate.resolve();
      await until('the slow ones', () => seen.has('slow') && seen.has('after-slow'));
    });

    test('a partition has one batch in hand at a time, and nobody waits for what is not handled', async () => {
      const inHand = new Map<number, number>();
      let most = 0;
      const handled = new Set<string>();
      await collect({
        maxBatch: 50,
        handle: async ({ partition, records }) => {
          inHand.set(partition, (inHand.get(partition) ?? 0) + 1);
          most = Math.max(most, inHand.get(partition) ?? 0);
          await setImmediate();
          for (const found of records) handled.add(idOf(found));
          inHand.set(partition, (inHand.get(partition) ?? 0) - 1);
        },
      });
      await Promise.all(range(5000).map((index) => log.append([record(`key-${index % 97}`, index)])));
      await until('all records', () => handled.size === 5000);
      expect(most).toBe(1);
    });

    test('back-pressure: far more appends than fit in a request are all acknowledged, each once, in order', async () => {
      const large = Buffer.alloc(3000);
      const appends = range(3000).map((index) =>
        log.append([{ ...record(`key-${index % 7}`, index), value: large }, record(`key-${index % 7}`, `${index}b`)]),
      );
      await Promise.all(appends);
      const { seen } = await collect();
      await until('all records', () => seen.length === 6000);
      for (const key of range(7).map((index) => `key-${index}`)) {
        const numbers = seen.filter((found) => found.key === key).map((found) => Number.parseInt(idOf(found), 10));
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
      expect(new Set(seen.map(idOf)).size).toBe(6000);
    });

    test('one append may hold more records than fit in a request', async () => {
      const { seen } = await collect();
      await log.append(range(2500).map((index) => record('one-key', index)));
      await until('all records', () => seen.length === 2500);
      expect(seen.map(idOf)).toEqual(range(2500).map(String));
    });

    test('a new group begins at the oldest record, and two groups do not disturb each other', async () => {
      await log.append(range(20).map((index) => record(`key-${index}`, index)));
      const first = await collect({ group: 'first' });
      const second = await collect({ group: 'second' });
      await until('both', () => first.seen.length === 20 && second.seen.length === 20);
      await first.consumer.stop();
      await log.append([record('key', 'later')]);
      await until('the second', () => second.seen.length === 21);
      expect(await lagOf('first')).toBe(1);
      await until('the second to commit', async () => (await lagOf('second')) === 0);
    });

    test('lag counts what a group has not committed, by partition', async () => {
      const { consumer } = await collect();
      await consumer.stop();
      await log.append(range(40).map((index) => record(`key-${index}`, index)));
      const lag = await log.lag('readers');
      expect(lag.map((entry) => [entry.topic, entry.partition])).toEqual(range(partitions).map((n) => [topic, n]));
      expect(lag.reduce((sum, entry) => sum + entry.lag, 0)).toBe(40);
    });

    test('a second member takes over partitions, later gives them back; none is lost and none has two', async () => {
      const holders = new Map<number, string>();
      const overlaps: string[] = [];
      const counts = new Map<string, number>();
      const byMember = { a: new Set<number>(), b: new Set<number>() };
      const member = (memberName: 'a' | 'b') => ({
        handle: async ({ partition, records }: Batch) => {
          const holder = holders.get(partition);
          if (holder !== undefined) overlaps.push(`${partition}: ${holder} and ${memberName}`);
          holders.set(partition, memberName);
          await setImmediate();
          for (const found of records) counts.set(idOf(found), (counts.get(idOf(found)) ?? 0) + 1);
          byMember[memberName].add(partition);
          holders.delete(partition);
        },
      });
      let appended = 0;
      let appending = true;
      const load = (async () => {
        while (appending) {
          await log.append(range(20).map(() => record(`key-${appended % 83}`, appended++)));
          await setImmediate();
        }
      })();
      const a = (await collect(member('a'))).consumer;
      await until('a to have all', () => byMember.a.size === partitions);
      const b = (await collect(member('b'))).consumer;
      await until('b to have its share', () => byMember.b.size >= partitions / 2);
      byMember.a.clear();
      await until('a to go on with the rest', () => byMember.a.size > 0);
      await a.stop();
      await until('b to have all', () => byMember.b.size === partitions);
      appending = false;
      await load;
      await until('all handled', () => counts.size === appended);
      expect(overlaps).toEqual([]);
      await b.stop();
      expect(await lagOf('readers')).toBe(0);
    });

    test('stop lets the batch in hand finish and commits it; done resolves', async () => {
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<Batch>();
      const { consumer } = await collect({
        handle: async (batch) => {
          begun.resolve(batch);
          await gate.promise;
        },
      });
      await log.append([record('key', 1)]);
      const batch = await begun.promise;
      expect(batch.signal.aborted).toBe(false);
      const stopping = consumer.stop();
      await until('the signal', () => batch.signal.aborted);
      gate.resolve();
      await stopping;
      await consumer.done;
      await consumer.stop();
      expect(await lagOf('readers')).toBe(0);
    });

    test('stop does not wait for a batch that keeps failing; it comes again to the next member', async () => {
      const { consumer } = await collect({
        handle: async () => {
          throw new Error('never');
        },
      });
      await log.append([record('key', 1)]);
      await until('the problem', () => consumer.problems().length > 0);
      await consumer.stop();
      expect(await lagOf('readers')).toBe(1);
      const { seen } = await collect();
      await until('the record', () => seen.length === 1);
    });

    test('poison goes to the dead letters with cause and origin and does not block what follows', async () => {
      const handled: string[] = [];
      await collect({
        handle: async (batch) => {
          const decoded = await decodeBatch(batch, ({ value }) => JSON.parse(Buffer.from(value).toString()) as number);
          handled.push(...decoded.map(({ message }) => String(message)));
        },
      });
      await log.append([record('key', 1), record('key', '{broken'), record('key', 3)]);
      await until('the good ones', () => handled.length === 2);
      expect(handled).toEqual(['1', '3']);
      const letters = await listDeadLetters(log, topic);
      expect(letters).toHaveLength(1);
      const [letter] = letters;
      expect(letter).toMatchObject({ origin: { topic }, group: 'readers', replayedAtMs: undefined });
      expect(letter?.cause).toMatch(/^SyntaxError: /);
      expect(Date.parse(letter?.time ?? '')).toBeGreaterThan(Date.now() - 60_000);
      expect(letter?.record).toMatchObject({ key: 'key', headers: { ce_id: '{broken', ce_type: 'test' } });
    });

    test('a replayed dead letter comes to its topic as it was, and is listed no more unless asked', async () => {
      let repaired = false;
      const seen: LogRecord[] = [];
      await collect({
        handle: async (batch) => {
          for (const found of batch.records) {
            if (repaired) seen.push(found);
            else await batch.deadLetter(found, new TypeError('cannot be read'));
          }
        },
      });
      await log.append([record('key', 'a'), record('key', 'b')]);
      const letters = await until('the dead letters', async () => {
        const found = await listDeadLetters(log, topic);
        return found.length === 2 && found;
      });
      repaired = true;
      await replayDeadLetters(log, letters.slice(0, 1));
      await until('the replayed one', () => seen.length === 1);
      expect(seen[0]).toMatchObject({ topic, key: 'key', headers: { ce_id: 'a', ce_type: 'test' } });
      expect(Object.keys(seen[0]?.headers ?? {})).toEqual(['ce_id', 'ce_type']);
      expect((await listDeadLetters(log, topic)).map((letter) => letter.record.headers['ce_id'])).toEqual(['b']);
      expect(await listDeadLetters(log, topic, { includeReplayed: true })).toHaveLength(2);
      const replayed = await findDeadLetter(log, topic, letters[0]?.id ?? '');
      expect(replayed?.replayedAtMs).toBeGreaterThan(Date.now() - 60_000);
      expect(await findDeadLetter(log, topic, '9-9')).toBeUndefined();
      expect(await listDeadLetters(log, 'other.v1')).toEqual([]);
    });

    test('tail sees what is appended from now on, everything kept, or everything from a time on', async () => {
      const tail = async (from: 'start' | 'end' | number): Promise<[string[], Consumer]> => {
        const ids: string[] = [];
        return [
          ids,
          await log.tail({
            topics: [topic],
            from,
            handle: (found) => {
              ids.push(idOf(found));
            },
          }),
        ];
      };
      await log.append([record('key', 'old')]);
      const startedMs = Date.now();
      const betweenMs = await until('the clock to move on', () => {
        const nowMs = Date.now();
        return nowMs > startedMs + 2 && nowMs;
      });
      await log.append([record('key', 'middle')]);
      const tails = [await tail('start'), await tail(betweenMs), await tail('end')];
      await log.append([record('key', 'new')]);
      const [everything, later, fresh] = tails.map(([ids]) => ids);
      await until('the new one everywhere', () => tails.every(([ids]) => ids.includes('new')));
      expect(everything).toEqual(['old', 'middle', 'new']);
      expect(later).toEqual(['middle', 'new']);
      expect(fresh).toEqual(['new']);
      for (const [, consumer] of tails) await consumer.stop();
      await log.append([record('key', 'unseen')]);
      expect(fresh).toEqual(['new']);
    });

    test('a tail whose handler throws ends, and done says why', async () => {
      const tail = await log.tail({
        topics: [topic],
        from: 'end',
        handle: () => {
          throw new Error('the terminal is gone');
        },
      });
      const done = expect(tail.done).rejects.toThrow('the terminal is gone');
      await log.append([record('key', 1)]);
      await done;
      expect(tail.problems().join()).toContain('the terminal is gone');
      await tail.stop();
    });

    test('after a restart a group goes on where it was, and nothing appended is missing', async () => {
      const { seen } = await collect();
      await log.append(range(10).map((index) => record(`key-${index}`, index)));
      await until('the first ten', () => seen.length === 10);
      await log[Symbol.asyncDispose]();
      log = await under.open();
      await log.append([record('key', 'eleven')]);
      const next = await collect();
      await until('the eleventh', () => next.seen.length === 1);
      expect(next.seen.map(idOf)).toEqual(['eleven']);
      const statuses = await log.listTopics();
      expect(statuses.find((status) => status.name === topic)?.records).toBe(11);
    });

    test('applying topics twice is harmless; it raises partitions, sets retention, and makes dead-letter topics', async () => {
      const spec = { name: topic, partitions, retentionMs: 3_600_000 };
      expect(await log.applyTopics([spec])).toEqual({ created: [], changed: [] });
      expect(await log.applyTopics([{ ...spec, partitions: 3 }])).toEqual({ created: [], changed: [] });
      const changed = await log.applyTopics([{ ...spec, partitions: 9, retentionMs: 7_200_000 }]);
      expect(changed).toEqual({ created: [], changed: [topic] });
      const created = await log.applyTopics([{ name: 'new.v1', partitions: 1, retentionMs: -1 }]);
      expect(created).toEqual({ created: ['new.v1', 'new.v1.dlq'], changed: [] });
      const statuses = await until('the partitions', async () => {
        const all = await log.listTopics();
        return all.find(({ name }) => name === topic)?.partitions === 9 && all;
      });
      expect(statuses.find(({ name }) => name === topic)).toMatchObject({ retentionMs: 7_200_000, records: 0 });
      expect(statuses.find(({ name }) => name === 'new.v1.dlq')).toEqual({
        name: 'new.v1.dlq',
        partitions: 1,
        retentionMs: -1,
        records: 0,
      });
      await log.append(range(100).map((index) => record(`key-${index}`, index)));
      const { seen } = await collect();
      await until('all records', () => seen.length === 100);
    });

    test('a closed log refuses, and closing it twice is harmless', async () => {
      await log[Symbol.asyncDispose]();
      await log[Symbol.asyncDispose]();
      await expect(log.append([record('key', 1)])).rejects.toThrow('closed');
    });

    test('appends in flight when the log closes are acknowledged', async () => {
      const appends = range(50).map((index) => log.append([record('key', index)]));
      await log[Symbol.asyncDispose]();
      await Promise.all(appends);
      log = await under.open();
      const { seen } = await collect();
      await until('all records', () => seen.length === 50);
    });
  });
}
