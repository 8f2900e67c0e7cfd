import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inUnbrokenOrder, resumeFrom, type TranscriptMessage } from './transcript.ts';

const message = (sequence: number): TranscriptMessage => ({
  id: `m${sequence}`,
  sessionId: 's',
  sequence,
  author: 'agent',
  authorName: '',
  text: '',
  attachments: [],
  atMs: 0,
});

test('whatever the store shows at each look, a client gets 1, 2, 3 … without gap or repeat', () => {
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 30 }))), (looks) => {
      const sent: number[] = [];
      for (const look of looks) {
        const found = look.toSorted((a, b) => a - b).map(message);
        sent.push(...inUnbrokenOrder(found, sent.length).map(({ sequence }) => sequence));
      }
      expect(sent).toEqual(sent.map((_, index) => index + 1));
    }),
  );
});

test('everything that follows without a gap is sent', () => {
  expect(inUnbrokenOrder([2, 3, 4, 6].map(message), 2).map(({ sequence }) => sequence)).toEqual([3, 4]);
});

test('a client goes on where it was, or begins again when it knows more than there is', () => {
  expect(resumeFrom(3, 5)).toBe(3);
  expect(resumeFrom(5, 5)).toBe(5);
  expect(resumeFrom(6, 5)).toBe(0);
});
