/** The middle value; the mean of the two middle ones. @throws RangeError for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of nothing');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

export interface Comparison {
  /** Medians of each side's rates. */
  readonly ours: number;
  readonly bare: number;
  /** Median of the rounds' ratios: each compares what ran side by side in time. */
  readonly ratio: number;
}

export interface Sides {
  /** Each gives a rate: more is better. */
  ours(): Promise<number>;
  bare(): Promise<number>;
}

/**
 * Runs both sides in turn, the first one changing from round to round, so that whatever else the machine does meets both alike.
 * The first rounds warm up and do not count.
 */
export async function compare(
  { ours, bare }: Sides,
  { rounds, warmUps = 1, report }: { readonly rounds: number; readonly warmUps?: number; report(line: string): void },
): Promise<Comparison> {
  const taken: { ours: number; bare: number }[] = [];
  for (let round = 1 - warmUps; round <= rounds; round++) {
    const rates = { ours: 0, bare: 0 };
    const order = round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
    for (const side of order) rates[side] = await (side === 'ours' ? ours() : bare());
    const what = round < 1 ? 'warming up' : `round ${round} of ${rounds}`;
    report(
      `${what}: ${perSecond(rates.ours)} against ${perSecond(rates.bare)}, ${(rates.ours / rates.bare).toFixed(2)}`,
    );
    if (round >= 1) taken.push(rates);
  }
  return {
    ours: median(taken.map((round) => round.ours)),
    bare: median(taken.map((round) => round.bare)),
    ratio: median(taken.map((round) => round.ours / round.bare)),
  };
}

export function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en-US')}/s`;
}

/** Things per second: runs `work` and divides. */
export async function rateOf(count: number, work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return count / ((performance.now() - startMs) / 1000);
}
