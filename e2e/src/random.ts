/** Random choices that a seed repeats. */
export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True in `share` of the cases, 0 to 1. */
  chance(share: number): boolean;
  /** One of them; there must be one. */
  pick<T>(items: readonly T[]): T;
  /** All of them in a random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** A generator of its own for `purpose`: how much one part draws does not change what another gets. */
  fork(purpose: string): Random;
}

/** @param seed Any text; the same seed gives the same choices. */
export function seededRandom(seed: string): Random {
  let state = hash(seed);
  const next = () => {
    // Mulberry32: 32 bits of state are plenty for choosing victims and pauses.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between,
    chance: (share) => next() < share,
    pick<T>(items: readonly T[]): T {
      return items[between(0, items.length - 1)] as T;
    },
    shuffle<T>(items: readonly T[]): T[] {
      const rest = [...items];
      return items.map(() => rest.splice(between(0, rest.length - 1), 1)[0] as T);
    },
    fork: (purpose) => seededRandom(`${seed}/${purpose}`),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}
