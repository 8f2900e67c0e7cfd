import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEmbeddedStore } from '../src/embedded/index.ts';
import {
  type Collection,
  createDueWorker,
  type DocStore,
  type Document,
  type DueWorker,
  type DueWorkerOptions,
} from '../src/index.ts';

interface Timer extends Document {
  dueAtMs?: number;
  leaseUntilMs?: number;
  fired?: number;
  kind?: string;
}

describe('I6: timers are rows', () => {
  let store: DocStore;
  let timers: Collection<Timer>;
  let clock: ManualClock;
  let workers: DueWorker[];
  let fired: string[];

  beforeEach(async () => {
    store = await openEmbeddedStore({ folder: ':memory:' });
    timers = await store.collection('timers', [{ keys: { dueAtMs: 1 } }]);
    clock = new ManualClock(0);
    workers = [];
    fired = [];
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await store[Symbol.asyncDispose]();
  });

  /** The effect and the moved due time are one update, conditional on the due time it was made for. */
  const fire = async ({ _id, dueAtMs }: Timer, next?: number) => {
    const due = next === undefined ? { $unset: { dueAtMs: true as const } } : { $set: { dueAtMs: next } };
    const { modified } = await timers.updateOne({ _id, dueAtMs: dueAtMs as number }, { $inc: { fired: 1 }, ...due });
    if (modified === 1) fired.push(`${_id}@${clock.now()}`);
  };
  const startWorker = async (options: Partial<DueWorkerOptions<Timer>> = {}) => {
    const logger = { warn: () => {} };
    const worker = createDueWorker<Timer>({
      collection: timers,
      clock,
      leaseMs: 1000,
      handle: fire,
      logger,
      ...options,
    });
    workers.push(worker);
    await worker.start();
    await settled();
    return worker;
  };
  /** Lets a store in memory and its callers do all they can at the present time. */
  const settled = async () => {
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const advance = async (byMs: number) => {
    await clock.advance(byMs);
    await settled();
  };
  const insert = (_id: string, dueAtMs: number, more: object = {}) => timers.insertOne({ _id, dueAtMs, ...more });

  test('a row fires exactly when it is due, whatever the poll', async () => {
    await insert('a', 5000);
    await insert('b', 7003);
    await startWorker({ pollMs: 1_000_000 });
    await advance(4999);
    expect(fired).toEqual([]);
    await advance(1);
    expect(fired).toEqual(['a@5000']);
    await advance(2002);
    expect(fired).toEqual(['a@5000']);
    await advance(1);
    expect(fired).toEqual(['a@5000', 'b@7003']);
  });

  test('what fell due while nothing ran fires at the start, in order', async () => {
    clock = new ManualClock(10_000);
    for (const [n, id] of ['c', 'a', 'b'].entries()) await insert(id, 1000 + n);
    await startWorker({ concurrency: 1 });
    expect(fired).toEqual(['c@10000', 'a@10000', 'b@10000']);
  });

  test('a nudge wakes it for a row that this process made', async () => {
    const worker = await startWorker({ pollMs: 1_000_000 });
    await insert('a', 300);
    worker.nudge(300);
    await insert('now', 0);
    worker.nudge();
    await settled();
    expect(fired).toEqual(['now@0']);
    await advance(300);
    expect(fired).toEqual(['now@0', 'a@300']);
  });

  test('the poll finds rows that another process made', async () => {
    await startWorker({ pollMs: 500 });
    await insert('a', 10);
    await advance(499);
    expect(fired).toEqual([]);
    await advance(1);
    expect(fired).toEqual(['a@500']);
  });

  test('a row that moves its due time fires again then, although its lease would still run', async () => {
    await insert('a', 100);
    const next = [150, 151, undefined];
    await startWorker({ leaseMs: 10_000, pollMs: 1_000_000, handle: (timer) => fire(timer, next.shift()) });
    for (const byMs of [100, 50, 1, 1000]) await advance(byMs);
    expect(fired).toEqual(['a@100', 'a@150', 'a@151']);
  });

  test('a handler that fails is tried again when the lease ends, and says so until it works', async () => {
    await insert('a', 100);
    await insert('b', 100);
    let failures = 2;
    const worker = await startWorker({
      pollMs: 1_000_000,
      handle: async (timer) => {
        if (timer._id === 'a' && failures-- > 0) throw new Error('the mail server is away');
        await fire(timer);
      },
    });
    await advance(100);
    expect(fired).toEqual(['b@100']);
    expect(worker.problems()).toEqual(['due work fails and is tried again: the mail server is away']);
    await advance(1000);
    await advance(1000);
    expect(fired).toEqual(['b@100', 'a@2100']);
    expect(worker.problems()).toEqual([]);
  });

  test('a crash after the claim loses nothing: the row comes again when the lease ends', async () => {
    await insert('a', 100);
    const dead = createDueWorker<Timer>({
      collection: timers,
      clock,
      leaseMs: 1000,
      handle: () => new Promise(() => {}),
      logger: { warn: () => {} },
    });
    await dead.start();
    await settled();
    await advance(100);
    await startWorker({ pollMs: 200 });
    for (let step = 0; step < 4; step++) await advance(200);
    expect(fired).toEqual([]);
    await advance(200);
    expect(fired).toEqual(['a@1100']);
  });

  test('of three replicas each row fires once', async () => {
    const ids = Array.from({ length: 700 }, (_, n) => `t${n}`);
    await timers.bulkWrite(ids.map((_id, n) => ({ insertOne: { document: { _id, dueAtMs: n % 7 } } })));
    for (let replica = 0; replica < 3; replica++) await startWorker();
    await advance(10);
    await until('all have fired', () => fired.length >= ids.length);
    expect(new Set(fired.map((entry) => entry.split('@')[0])).size).toBe(700);
    expect(await timers.count({ fired: 1 })).toBe(700);
    expect(await timers.count({ leaseUntilMs: { $exists: true } })).toBe(0);
  });

  test('what falls due while a round is running does not wait for the poll', async () => {
    await insert('a', 0);
    await insert('b', 5);
    await startWorker({
      pollMs: 1_000_000,
      handle: async (timer) => {
        if (timer._id === 'a') await clock.advance(50);
        await fire(timer);
      },
    });
    await advance(0);
    expect(fired).toEqual(['a@50', 'b@50']);
  });

  test('a filter keeps to its rows; the fields can have other names', async () => {
    await timers.insertOne({ _id: 'a', kind: 'offer', timeout: { atMs: 5 } } as Timer);
    await timers.insertOne({ _id: 'b', kind: 'other', timeout: { atMs: 5 } } as Timer);
    const seen: string[] = [];
    await startWorker({
      filter: { kind: 'offer' },
      dueField: 'timeout.atMs',
      leaseField: 'timeout.leaseUntilMs',
      handle: async ({ _id }) => {
        seen.push(_id);
        await timers.updateOne({ _id }, { $unset: { 'timeout.atMs': true } });
      },
    });
    await advance(5);
    expect(seen).toEqual(['a']);
    expect(await timers.findOne({ _id: 'a' })).toEqual({ _id: 'a', kind: 'offer', timeout: {} });
  });

  test('stop waits for what is in hand and starts nothing more', async () => {
    await insert('a', 0);
    await insert('b', 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const worker = await startWorker({
      concurrency: 1,
      handle: async (timer) => {
        await promise;
        await fire(timer);
      },
    });
    const stopped = worker.stop();
    resolve();
    await stopped;
    expect(fired).toEqual(['a@0']);
    await advance(10_000);
    expect(fired).toEqual(['a@0']);
    expect(clock.pending).toBe(0);
  });

  test('a store that cannot be read is a problem, and the work goes on when it can', async () => {
    await insert('a', 0);
    let away = true;
    const flaky = Object.create(timers, {
      find: {
        value: (...args: Parameters<typeof timers.find>) =>
          away ? Promise.reject(new Error('away')) : timers.find(...args),
      },
      findOneAndUpdate: { value: timers.findOneAndUpdate.bind(timers) },
      bulkWrite: { value: timers.bulkWrite.bind(timers) },
    }) as typeof timers;
    const worker = await startWorker({ collection: flaky });
    expect(worker.problems()).toEqual(['due work cannot be read: away']);
    away = false;
    await advance(1000);
    expect(fired).toEqual(['a@1000']);
    expect(worker.problems()).toEqual([]);
  });
});
