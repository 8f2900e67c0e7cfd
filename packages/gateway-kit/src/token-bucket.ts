/** How much is allowed: `burst` at once, refilled at `perMinute`. */
export interface Rate {
  readonly perMinute: number;
  readonly burst: number;
}

export interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/**
 * Takes one token.
 * @param bucket What was left last time; undefined for the first time.
 * @returns what is left, and in how many ms to come again (0 when the token was given).
 */
export function takeToken(
  bucket: Bucket | undefined,
  rate: Rate,
  nowMs: number,
): { bucket: Bucket; retryAfterMs: number } {
  const tokens = tokensAt(bucket, rate, nowMs);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, atMs: nowMs }, retryAfterMs: 0 };
  return {
    bucket: { tokens, atMs: nowMs },
    retryAfterMs: Math.max(1, Math.ceil(((1 - tokens) * 60_000) / rate.perMinute)),
  };
}

/** True when forgetting the bucket changes nothing. */
export function isFull(bucket: Bucket, rate: Rate, nowMs: number): boolean {
  return tokensAt(bucket, rate, nowMs) >= rate.burst;
}

function tokensAt(bucket: Bucket | undefined, rate: Rate, nowMs: number): number {
  if (bucket === undefined) return rate.burst;
  // A clock set back must not take tokens away.
  const passedMs = Math.max(0, nowMs - bucket.atMs);
  return Math.min(rate.burst, bucket.tokens + (passedMs * rate.perMinute) / 60_000);
}
