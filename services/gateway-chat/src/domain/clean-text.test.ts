import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanFileName, cleanLine, cleanText } from './clean-text.ts';

test('what is kept is well-formed, has no control characters but tab and newline, and stays the same when kept again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = cleanText(text);
      expect(clean.isWellFormed()).toBe(true);
      expect([...clean].filter((char) => char < ' ' && char !== '\n' && char !== '\t')).toEqual([]);
      expect(cleanText(clean)).toBe(clean);
    }),
  );
});

test('ordinary text of any script is not touched', () => {
  for (const text of ['Größe 42\n\tзаказ № 7', '您好，电池充不进电 🔋', 'שלום مرحبا', '👩‍🔧']) {
    expect(cleanText(text)).toBe(text);
  }
});

test.each([
  ['photo.png', 'photo.png'],
  ['C:\\Users\\ada\\photo.png', 'photo.png'],
  ['../../etc/passwd', 'passwd'],
  ['电池.jpg', '电池.jpg'],
  ['a\u0000b\n.png', 'ab .png'],
  ['..', ''],
  ['photos/', ''],
])('the file name %j is kept as %j', (given, kept) => {
  expect(cleanFileName(given)).toBe(kept);
});

test('a name is one line', () => {
  expect(cleanLine(' Ada \r\n Lovelace\u0007 ')).toBe('Ada Lovelace');
});
