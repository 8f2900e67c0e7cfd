import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitText } from './split-text.ts';

test.each([
  ['first paragraph\n\nsecond paragraph', 24, ['first paragraph', 'second paragraph']],
  ['one line here\nanother line', 18, ['one line here', 'another line']],
  ['One sentence. Another one.', 18, ['One sentence.', 'Another one.']],
  ['第一句话。第二句话。', 6, ['第一句话。', '第二句话。']],
  ['several words to part', 14, ['several words', 'to part']],
  ['abcdefghij', 4, ['abcd', 'efgh', 'ij']],
  ['🔋🔋🔋', 3, ['🔋', '🔋', '🔋']],
  ['short', 100, ['short']],
  ['no limit', 0, ['no limit']],
  ['', 10, ['']],
])('%j of at most %i goes as %j', (text, maxLength, parts) => {
  expect(splitText(text, maxLength)).toEqual(parts);
});

test('no part is too long, and nothing but white space is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.integer({ min: 2, max: 60 }), (text, maxLength) => {
      const parts = splitText(text, maxLength);
      for (const part of parts) expect(part.length).toBeLessThanOrEqual(maxLength);
      expect(parts.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }),
  );
});
