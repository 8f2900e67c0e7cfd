import { UnavailableError } from '@tributary/docstore';
import { expect, test } from 'vitest';
import { createSerial } from './serial.ts';
import { SharedTurn } from './shared-turn.ts';

const double = (turns: (readonly number[])[]) => async (asks: readonly number[]) => {
  turns.push(asks);
  await Promise.resolve();
  return asks.map((ask) => ask * 2);
};

test('whoever asks while a turn runs shares the next one, and each gets its own answer', async () => {
  const turns: (readonly number[])[] = [];
  const shared = new SharedTurn<number, number>(createSerial());
  const ask = (n: number) => shared.ask(n, [`t${n}`], double(turns));
  const first = ask(1);
  await Promise.resolve();
  await Promise.resolve();
  expect(await Promise.all([first, ask(2), ask(3)])).toEqual([2, 4, 6]);
  expect(turns).toEqual([[1], [2, 3]]);
});

test('two that ask about one ticket have turns of their own, in order', async () => {
  const turns: (readonly number[])[] = [];
  const shared = new SharedTurn<number, number>(createSerial());
  const ask = (n: number, about: string) => shared.ask(n, [about], double(turns));
  expect(await Promise.all([ask(1, 'a'), ask(2, 'a'), ask(3, 'b')])).toEqual([2, 4, 6]);
  expect(turns).toEqual([[1, 3], [2]]);
});

test('one that cannot succeed does not hold up the others', async () => {
  const shared = new SharedTurn<number, number>(createSerial());
  const work = async (asks: readonly number[]) => {
    if (asks.includes(2)) throw new Error('two');
    return asks;
  };
  const results = await Promise.allSettled([1, 2, 3].map((n) => shared.ask(n, [`t${n}`], work)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('while a store is away all fail at once, not one after the other', async () => {
  const turns: (readonly number[])[] = [];
  const shared = new SharedTurn<number, number>(createSerial());
  const work = async (asks: readonly number[]) => {
    turns.push(asks);
    throw new UnavailableError('away');
  };
  const results = await Promise.allSettled([1, 2, 3].map((n) => shared.ask(n, [`t${n}`], work)));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(turns).toEqual([[1, 2, 3]]);
});

test('a turn takes about 500 tickets, and a caller who brings more is taken whole', async () => {
  const turns: (readonly number[])[] = [];
  const shared = new SharedTurn<number, number>(createSerial());
  const ask = (n: number, size: number) =>
    shared.ask(
      n,
      Array.from({ length: size }, (_, i) => `${n}.${i}`),
      double(turns),
    );
  await Promise.all([ask(1, 600), ask(2, 300), ask(3, 300), ask(4, 200)]);
  expect(turns).toEqual([[1], [2, 4], [3]]);
});
