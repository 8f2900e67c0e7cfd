import { setTimeout as pause } from 'node:timers/promises';
import { build, type Histogram } from 'hdr-histogram-js';
import type { BenchmarkContext } from './benchmark.ts';
import { rateOf } from './rounds.ts';

const outstanding = 64;
const phaseMs = 5000;

/** Resolves when what is measured has happened to one more message, with what is to be done for it afterwards. */
export type Send = () => Promise<() => Promise<unknown>>;

/** What the system can do: always as many messages under way as it likes best. */
export function closedLoop(send: Send, count: number): Promise<number> {
  let next = 0;
  return rateOf(count, () =>
    Promise.all(
      Array.from({ length: outstanding }, async () => {
        while (next++ < count) await (await send())();
      }),
    ),
  );
}

/**
 * Sends at the rate, also while the system is slow. The time counts from when a message was due, so that a system that
 * stands still cannot hide it; it therefore holds the append as well.
 */
export async function openLoop(send: Send, perSecondWanted: number): Promise<Histogram> {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 60_000_000,
    numberOfSignificantValueDigits: 3,
  });
  const everyMs = 1000 / perSecondWanted;
  const count = Math.ceil(phaseMs / everyMs);
  const startMs = performance.now();
  const underWay: Promise<unknown>[] = [];
  for (let number = 0; number < count; ) {
    for (; number < count && startMs + number * everyMs <= performance.now(); number++) {
      const dueMs = startMs + number * everyMs;
      const work = send().then((release) => {
        histogram.recordValue(Math.max(1, Math.round((performance.now() - dueMs) * 1000)));
        return release();
      });
      underWay.push(work);
    }
    await pause(1);
  }
  await Promise.all(underWay);
  return histogram;
}

export function reportRound({ report }: BenchmarkContext, what: string, histogram: Histogram): void {
  const [p50, p95, p99] = [50, 95, 99].map((percentile) =>
    Math.round(histogram.getValueAtPercentile(percentile) / 1000),
  );
  report(`${what}: p50 ${p50}, p95 ${p95}, p99 ${p99} ms of ${histogram.totalCount} messages`);
}
