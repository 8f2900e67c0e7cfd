import { watchProgress } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { expect, test } from 'vitest';
import { handleUntilDone, type InHand, type Problems } from './handle-until-done.ts';
import type { Batch } from './port.ts';

const minuteMs = 60_000;

function world() {
  const clock = new ManualClock();
  const inHand = new Set<InHand>();
  const problems: Problems = new Map();
  const stores = { away: false };
  const stop = new AbortController();
  const records = [
    { topic: 'inbound', partition: 3, offset: 70, timestampMs: 0, key: 'k', value: new Uint8Array(), headers: {} },
  ];
  const batch: Batch = { topic: 'inbound', partition: 3, records, signal: stop.signal, deadLetter: async () => {} };
  const handle = (work: () => Promise<void>) =>
    handleUntilDone(batch, work, { clock, logger: undefined, problems, inHand, group: 'router' });
  const stuck = watchProgress({ clock, work: () => [...inHand], away: () => stores.away });
  /** As the kubelet does: asks every 10 s. */
  const probe = async (forMs: number) => {
    const answers = new Set<string>();
    for (let at = 0; at < forMs; at += 10_000) {
      await clock.advance(10_000);
      for (const problem of stuck()) answers.add(problem);
    }
    return [...answers];
  };
  return { clock, inHand, problems, stores, stop, handle, probe };
}

test('a handler that never comes back is stuck after 5 minutes, and says where', async () => {
  const { handle, probe } = world();
  void handle(() => new Promise(() => {}));
  expect(await probe(5 * minuteMs - 10_000)).toEqual([]);
  expect(await probe(10_000)).toEqual(['router handles inbound/3 from offset 70: no progress for 5 min']);
});

test('a handler that fails again and again for an hour, as with the database away, is not stuck: problems() says why', async () => {
  const { handle, probe, problems, inHand, stop } = world();
  const done = handle(async () => {
    throw new Error('the database is away');
  });
  expect(await probe(60 * minuteMs)).toEqual([]);
  expect([...problems.values()]).toEqual(['inbound/3 waits at offset 70: the database is away']);
  stop.abort();
  expect(await done).toBe(false);
  expect(inHand.size).toBe(0);
});

test('a handler that hangs while a store is away gets 5 minutes from when it answers again', async () => {
  const { handle, probe, stores } = world();
  void handle(() => new Promise(() => {}));
  stores.away = true;
  expect(await probe(60 * minuteMs)).toEqual([]);
  stores.away = false;
  expect(await probe(5 * minuteMs - 10_000)).toEqual([]);
  expect(await probe(10_000)).toHaveLength(1);
});

test('what is done is not in hand any more, also when the handler throws before it returns a promise', async () => {
  const { handle, inHand, clock } = world();
  let attempts = 0;
  const done = handle(() => {
    if (attempts++ === 0) throw new Error('at once');
    return Promise.resolve();
  });
  await until('the retry', () => clock.pending === 1);
  expect(inHand.size).toBe(0);
  await clock.advance(1000);
  expect(await done).toBe(true);
  expect(inHand.size).toBe(0);
});
