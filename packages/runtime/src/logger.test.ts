import { expect, test } from 'vitest';
import { describeError } from './logger.ts';

test('a logged error keeps what happened and where, and loses addresses, numbers and whatever a library adds', () => {
  const refusal = Object.assign(new Error('550 <mei@example.com> of +49 151 1234-9876 is unknown'), {
    code: 'EENVELOPE',
    rejected: ['mei@example.com'],
  });
  const logged = describeError(new Error('cannot send at 10.0.0.7:2525', { cause: refusal }));
  expect(logged).toMatchObject({
    type: 'Error',
    message: 'cannot send at 10.0.0.7:2525',
    cause: { code: 'EENVELOPE' },
  });
  expect(logged.cause?.message).toBe('550 <(address)> of (number) is unknown');
  expect(logged.stack).toContain('logger.test.ts');
  expect(JSON.stringify(logged)).not.toMatch(/mei@|9876/);
});

test('a logged syntax error does not quote the input', () => {
  expect.assertions(1);
  try {
    JSON.parse('{"text": My battery}');
  } catch (error) {
    expect(JSON.stringify(describeError(error))).not.toContain('battery');
  }
});
