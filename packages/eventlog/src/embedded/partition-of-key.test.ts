import fc from 'fast-check';
import { expect, test } from 'vitest';
import { partitionOfKey } from './partition-of-key.ts';

test('a key has a partition within range, and always the same one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const partition = partitionOfKey(key, partitions);
      expect(partition).toBe(partitionOfKey(key, partitions));
      expect(partition >= 0 && partition < partitions && Number.isInteger(partition)).toBe(true);
    }),
  );
});

test('the partition of a key never changes from version to version: stored logs rely on it', () => {
  expect(['a', 'email:anna@example.org', '会话-7', 'key-1', 'key-2'].map((key) => partitionOfKey(key, 12))).toEqual([
    3, 2, 10, 3, 5,
  ]);
});

test('similar keys spread evenly', () => {
  const counts = new Array<number>(12).fill(0);
  for (let index = 0; index < 12_000; index++) (counts[partitionOfKey(`chat:session-${index}`, 12)] as number)++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
