import fc from 'fast-check';
import { expect, test } from 'vitest';
import { separateQuoted } from './quoted-text.ts';

const line = fc.oneof(
  fc.constantFrom(
    '',
    '> quoted',
    'On Fri, May 1, 2026 at 10:05 AM Ada wrote:',
    '-----Original Message-----',
    'From: Ada <ada@example.com>',
    'Sent: Friday',
    'Subject: x',
    '________________________________',
    '在 2026年5月1日,Ada 写道:',
    '-- ',
  ),
  fc.string({ maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' ')),
);

test('no line is lost: each is in what is new or in what is quoted', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 25 }), (lines) => {
      const { text, quoted } = separateQuoted(lines.join('\n'));
      const words = (parts: readonly string[]) =>
        parts
          .flatMap((part) => part.split('\n'))
          .map((each) => each.trim())
          .filter((each) => each !== '')
          .sort();
      expect(words([text, quoted])).toEqual(words(lines));
    }),
  );
});

test('there is always something new, unless there is nothing at all', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 25 }), (lines) => {
      const { text } = separateQuoted(lines.join('\n'));
      expect(text.trim() === '').toBe(lines.join('').trim() === '');
    }),
  );
});

test('long texts are separated in short time', () => {
  const text = `${'On a day in May 2026 '.repeat(20_000)}\n${'x'.repeat(200_000)}\n${'> a\n'.repeat(20_000)}`;
  const began = performance.now();
  separateQuoted(text);
  expect(performance.now() - began).toBeLessThan(3000);
});
