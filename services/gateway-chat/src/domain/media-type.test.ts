import fc from 'fast-check';
import { expect, test } from 'vitest';
import { knownMediaTypes, sniffMediaType } from './media-type.ts';

const bytes = (text: string) => Buffer.from(text, 'latin1');

test.each([
  ['image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
  ['image/gif', 'GIF89a'],
  ['image/webp', 'RIFF\x10\0\0\0WEBPVP8L'],
  ['image/heic', '\0\0\0\x18ftypheic\0\0\0\0'],
  ['image/avif', '\0\0\0\x1cftypavif\0\0\0\0'],
  ['application/pdf', '%PDF-1.7'],
  ['video/mp4', '\0\0\0\x20ftypisom\0\0\x02\0'],
  ['video/quicktime', '\0\0\0\x14ftypqt  \0\0\0\0'],
  ['video/webm', '\x1a\x45\xdf\xa3\x9f'],
])('%s is told by its first bytes', (type, head) => {
  expect(sniffMediaType(bytes(head))).toBe(type);
  expect(knownMediaTypes).toContain(type);
});

test.each(['', 'GIF', '<svg xmlns=', '<!doctype html>', 'MZ\x90\0', 'PK\x03\x04', 'RIFF\0\0\0\0WAVE', ' %PDF-1.7'])(
  '%j is none of them',
  (head) => {
    expect(sniffMediaType(bytes(head))).toBeUndefined();
  },
);

test('any bytes give a known type or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (head) => {
      const type = sniffMediaType(head);
      if (type !== undefined) expect(knownMediaTypes).toContain(type);
    }),
  );
});
