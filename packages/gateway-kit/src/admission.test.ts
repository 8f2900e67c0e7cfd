import { ManualClock } from '@tributary/testing';
import { expect, test } from 'vitest';
import { Admission, OverloadedError } from './admission.ts';

const mebibyte = 1024 * 1024;

/** An admission, and an append that waits until it is released. */
function slowLog() {
  const clock = new ManualClock();
  const admission = new Admission(clock);
  const log = Promise.withResolvers<void>();
  const append = admission.during(() => log.promise);
  return { clock, admission, log, append };
}

test('while the log answers, requests are let in', async () => {
  const { clock, admission } = slowLog();
  await clock.advance(4000);
  admission.admit(100)[Symbol.dispose]();
});

test('when the oldest append waits too long nobody is let in, and told when to come again, until it has settled', async () => {
  const { clock, admission, log, append } = slowLog();
  await clock.advance(4001);
  const refused = () => admission.admit(100);
  expect(refused).toThrow(OverloadedError);
  expect(refused).toThrow('overloaded: the log has not answered for 4001 ms');
  log.reject(new Error('away'));
  await expect(append).rejects.toThrow('away');
  admission.admit(100);
});

test('what is in hand stays below 64 MiB, and a place that is given back twice counts once', () => {
  const admission = new Admission(new ManualClock());
  const places = Array.from({ length: 64 }, () => admission.admit(mebibyte));
  expect(() => admission.admit(1)).toThrow('overloaded: requests in hand hold 67108864 bytes');
  places[0]?.[Symbol.dispose]();
  places[0]?.[Symbol.dispose]();
  admission.admit(mebibyte);
  expect(() => admission.admit(1)).toThrow(OverloadedError);
});

test('a request larger than everything allowed is let in alone', () => {
  const admission = new Admission(new ManualClock());
  admission.admit(100 * mebibyte)[Symbol.dispose]();
  admission.admit(1);
  expect(() => admission.admit(100 * mebibyte)).toThrow(OverloadedError);
});
