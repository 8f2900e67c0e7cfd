import { expect, test } from 'vitest';
import { isOpen } from '../../../src/voice/domain/hours.ts';

const open = (from: string, to: string, weekdays = [1, 2, 3, 4, 5]) => ({
  hours: { time_zone: 'Europe/Berlin', open: [{ weekdays, from, to }] },
});

test.each([
  ['within the hours', open('09:00', '18:00'), '2026-05-01T07:00:00Z', true],
  ['at their end', open('09:00', '18:00'), '2026-05-01T16:00:00Z', false],
  ['on another day', open('09:00', '18:00'), '2026-05-02T08:00:00Z', false],
  ['after midnight of a night that began on such a day', open('22:00', '06:00', [5]), '2026-05-02T02:00:00Z', true],
  ['up to midnight', open('00:00', '24:00', [5]), '2026-05-01T21:59:59Z', true],
  ['at midnight', open('00:00', '24:00', [5]), '2026-05-01T22:00:00Z', false],
  ['around the clock without hours', {}, '2026-05-02T02:00:00Z', true],
  ['in an hour that the summer time begins with', open('02:30', '04:00', [7]), '2026-03-29T01:45:00Z', true],
])('%s', (_, policy, at, expected) => {
  expect(isOpen({ hours: undefined, ...policy }, Date.parse(at))).toBe(expected);
});
