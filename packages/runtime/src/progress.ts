import type { Clock } from './clock.ts';

interface ProgressOptions {
  readonly clock: Clock;
  /** Work that has begun and not ended, with when its last step began, in ms since the epoch. */
  work(): readonly { readonly what: string; readonly sinceMs: number }[];
  /** Whether something the work needs does not answer right now: waiting for it is no fault of the work. */
  away(): boolean;
  /** Default 5 minutes; every call that a handler makes has a shorter deadline. */
  readonly stuckAfterMs?: number;
}

/**
 * Tells work that is stuck, which only a new process cures, from work that waits for a store.
 * @returns What is stuck, in words: work whose step has lasted `stuckAfterMs` in which, whenever this was asked, everything
 * answered. Ask it regularly, as a liveness probe does.
 */
export function watchProgress({ clock, work, away, stuckAfterMs = 300_000 }: ProgressOptions): () => readonly string[] {
  let lastAwayMs = Number.NEGATIVE_INFINITY;
  return () => {
    const now = clock.now();
    if (away()) lastAwayMs = now;
    return work()
      .map(({ what, sinceMs }) => ({ what, forMs: now - Math.max(sinceMs, lastAwayMs) }))
      .filter(({ forMs }) => forMs >= stuckAfterMs)
      .map(({ what, forMs }) => `${what}: no progress for ${Math.floor(forMs / 60_000)} min`);
  };
}
