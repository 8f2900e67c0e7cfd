import { systemClock } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LogRefusedError, type NewRecord } from '../port.ts';
import { Coalescer } from './coalescer.ts';

const record = (key: string, id: string, bytes = 1): NewRecord => ({
  topic: 'orders.v1',
  key,
  value: new Uint8Array(bytes),
  headers: { ce_id: id },
});
const idOf = ({ headers }: NewRecord) => headers['ce_id'] as string;

describe('the coalescer', () => {
  test('whatever fails in between: acknowledged records are in the log, in the order of the calls per key', async () => {
    const appends = fc.array(
      fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), bytes: fc.integer({ min: 0, max: 400 }) }), {
        maxLength: 9,
      }),
      { maxLength: 30 },
    );
    // What becomes of each request: taken; lost on the way; taken, but its answer lost.
    const fates = fc.array(fc.constantFrom('taken', 'lost', 'answer lost'), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(appends, fates, async (calls, outcomes) => {
        const log: NewRecord[] = [];
        let inFlight = 0;
        const coalescer = new Coalescer({
          clock: { ...systemClock, setTimer: (_, callback) => systemClock.setTimer(0, callback), now: () => 0 },
          maxRecords: 7,
          maxBytes: 900,
          timeoutMs: 1000,
          send: async (records) => {
            expect(++inFlight).toBe(1);
            expect(records.length).toBeLessThanOrEqual(7);
            const fate = outcomes.shift() ?? 'taken';
            await Promise.resolve();
            if (fate !== 'lost') log.push(...records);
            inFlight--;
            if (fate !== 'taken') throw new Error(fate);
          },
        });
        let next = 0;
        const expected = calls.map((call) => call.map(({ key, bytes }) => record(key, String(next++), bytes)));
        await Promise.all(expected.map((records) => coalescer.append(records)));
        const all = expected.flat();
        for (const key of ['a', 'b', 'c']) {
          const found = [...new Set(log.filter((entry) => entry.key === key).map(idOf))];
          expect(found).toEqual(all.filter((entry) => entry.key === key).map(idOf));
        }
        expect(coalescer.problem).toBeUndefined();
      }),
    );
  });

  test('a refused record rejects its own append only', async () => {
    const taken: string[] = [];
    const coalescer = new Coalescer({
      clock: systemClock,
      maxRecords: 500,
      maxBytes: 1_000_000,
      timeoutMs: 30_000,
      send: async (records) => {
        if (records.some((entry) => idOf(entry) === 'bad')) throw new LogRefusedError('too large');
        taken.push(...records.map(idOf));
      },
    });
    const results = await Promise.allSettled(['1', 'bad', '3'].map((id) => coalescer.append([record('key', id)])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(taken).toEqual(['1', '3']);
  });

  test('while the log is away appends wait, until their time is up; later ones get their own time', async () => {
    const clock = new ManualClock();
    let away = true;
    const taken: string[] = [];
    const coalescer = new Coalescer({
      clock,
      maxRecords: 500,
      maxBytes: 1_000_000,
      timeoutMs: 30_000,
      send: async (records) => {
        if (away) throw new Error('connection refused');
        taken.push(...records.map(idOf));
      },
    });
    const early = coalescer.append([record('key', 'early')]).then(
      () => 'taken',
      (error: Error) => error.message,
    );
    await until('the first failure', () => coalescer.problem !== undefined);
    expect(coalescer.problem).toBe('cannot append: connection refused');
    await clock.advance(20_000);
    const late = coalescer.append([record('key', 'late')]);
    await clock.advance(11_000);
    expect(await early).toMatch(/not acknowledged within 30000 ms.*connection refused/);
    away = false;
    await clock.advance(2000);
    await late;
    await coalescer.drained();
    expect(taken).toEqual(['late']);
    expect(clock.pending).toBe(0);
  });
});
