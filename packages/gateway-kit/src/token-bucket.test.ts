import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bucket, isFull, takeToken } from './token-bucket.ts';

const rate = fc.record({ perMinute: fc.integer({ min: 1, max: 6000 }), burst: fc.integer({ min: 1, max: 500 }) });

test('never gives more than the burst and what was refilled', () => {
  fc.assert(
    fc.property(rate, fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 300 }), (limit, gaps) => {
      let bucket: Bucket | undefined;
      let nowMs = 0;
      let given = 0;
      for (const gapMs of gaps) {
        nowMs += gapMs;
        const taken = takeToken(bucket, limit, nowMs);
        bucket = taken.bucket;
        if (taken.retryAfterMs === 0) given++;
        expect(given).toBeLessThanOrEqual(limit.burst + (nowMs * limit.perMinute) / 60_000 + 1e-6);
      }
    }),
  );
});

test('whoever comes again when told to is given a token', () => {
  fc.assert(
    fc.property(rate, (limit) => {
      let taken = takeToken(undefined, limit, 0);
      while (taken.retryAfterMs === 0) taken = takeToken(taken.bucket, limit, 0);
      expect(takeToken(taken.bucket, limit, taken.retryAfterMs).retryAfterMs).toBe(0);
    }),
  );
});

test('a clock that is set back takes nothing away', () => {
  const limit = { perMinute: 60, burst: 2 };
  const { bucket } = takeToken(undefined, limit, 10_000);
  expect(takeToken(bucket, limit, 0).retryAfterMs).toBe(0);
  expect(isFull(bucket, limit, 0)).toBe(false);
  expect(isFull(bucket, limit, 11_000)).toBe(true);
});
