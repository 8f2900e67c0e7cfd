import { type Bucket, isFull, type Rate, takeToken } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import { ChatRefusal } from '../domain/refusal.ts';

/** Counts per key, in this process only: with n replicas a client that spreads itself gets n times as much. */
export interface RateLimiter {
  /** @throws ChatRefusal `rate_limited` saying when to come again. */
  take(key: string): void;
}

/** Buckets kept before those that are full again are forgotten. */
const pruneAbove = 10_000;

/** @param what What is counted, for the message: "messages from this session". */
export function createRateLimiter(what: string, rate: Rate, clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let pruneAt = pruneAbove;
  return {
    take(key) {
      const nowMs = clock.now();
      if (buckets.size >= pruneAt) {
        for (const [old, bucket] of buckets) if (isFull(bucket, rate, nowMs)) buckets.delete(old);
        pruneAt = Math.max(pruneAbove, buckets.size * 2);
      }
      const { bucket, retryAfterMs } = takeToken(buckets.get(key), rate, nowMs);
      buckets.set(key, bucket);
      if (retryAfterMs > 0) {
        throw new ChatRefusal('rate_limited', `too many ${what}: at most ${rate.perMinute} per minute`, {
          limit: rate.perMinute,
          retryAfterMs,
        });
      }
    },
  };
}
