import { expect, test } from 'vitest';
import { isOnShift, type Shift } from './shifts.ts';

const office: Shift = { weekdays: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' };
const night: Shift = { weekdays: [5], start: '22:00', end: '06:00' };
const at = (time: string) => Date.parse(time);

test('without shifts an agent is always on shift', () => {
  expect(isOnShift([], 'Asia/Tokyo', 0)).toBe(true);
});

test.each([
  ['2026-05-01T00:59:59Z', false],
  ['2026-05-01T01:00:00Z', true],
  ['2026-05-01T08:59:59Z', true],
  ['2026-05-01T09:00:00Z', false],
  ['2026-05-02T03:00:00Z', false],
])('hours count in the agent’s time zone, on the weekdays named: %s is %s', (time, expected) => {
  expect(isOnShift([office], 'Asia/Shanghai', at(time))).toBe(expected);
});

test.each([
  ['Friday 22:00', '2026-05-01T20:00:00Z', true],
  ['Saturday 05:59', '2026-05-02T03:59:00Z', true],
  ['Saturday 06:00', '2026-05-02T04:00:00Z', false],
  ['Saturday 22:00', '2026-05-02T20:00:00Z', false],
  ['Friday 05:00', '2026-05-01T03:00:00Z', false],
])('a shift over midnight belongs to the day it begins: %s', (_, time, expected) => {
  expect(isOnShift([night], 'Europe/Berlin', at(time))).toBe(expected);
});

test('equal times are a whole day', () => {
  const day: Shift = { weekdays: [5], start: '08:00', end: '08:00' };
  expect(isOnShift([day], 'UTC', at('2026-05-02T07:59:00Z'))).toBe(true);
  expect(isOnShift([day], 'UTC', at('2026-05-02T08:00:00Z'))).toBe(false);
});

test('when the clocks go forward a night shift is an hour shorter', () => {
  const saturday: Shift = { weekdays: [6], start: '23:00', end: '07:00' };
  // 29 March 2026, 02:00 becomes 03:00 in Berlin.
  expect(isOnShift([saturday], 'Europe/Berlin', at('2026-03-28T22:00:00Z'))).toBe(true);
  expect(isOnShift([saturday], 'Europe/Berlin', at('2026-03-29T04:59:00Z'))).toBe(true);
  expect(isOnShift([saturday], 'Europe/Berlin', at('2026-03-29T05:00:00Z'))).toBe(false);
});

test('when the clocks go back a night shift is an hour longer', () => {
  const saturday: Shift = { weekdays: [6], start: '23:00', end: '07:00' };
  // 25 October 2026, 03:00 becomes 02:00 in Berlin.
  expect(isOnShift([saturday], 'Europe/Berlin', at('2026-10-25T05:59:00Z'))).toBe(true);
  expect(isOnShift([saturday], 'Europe/Berlin', at('2026-10-25T06:00:00Z'))).toBe(false);
});
