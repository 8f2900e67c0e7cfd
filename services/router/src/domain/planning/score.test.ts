import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Severity, severities } from '../grading/grade.ts';
import type { Policy } from '../policy/policy.ts';
import { waitingScore } from './score.ts';

const hourMs = 3_600_000;
const policy = {
  severityCreditMs: { urgent: 4 * hourMs, important: hourMs, normal: 0 },
  tierCreditMs: { 2: hourMs },
} as unknown as Policy;
const largestCreditMs = 5 * hourMs;

test('graver work that came at the same time is served first', () => {
  const scores = severities.map((severity) => waitingScore(0, severity, 1, policy));
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
});

test('nothing starves: what comes later than the largest credit is served later, whatever it is', () => {
  const severity = fc.constantFrom<Severity>(...severities);
  const tier = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(fc.nat(), fc.nat(), severity, severity, tier, tier, (atMs, moreMs, first, second, tierA, tierB) => {
      const later = atMs + largestCreditMs + 1 + moreMs;
      expect(waitingScore(atMs, first, tierA, policy)).toBeLessThan(waitingScore(later, second, tierB, policy));
    }),
  );
});
