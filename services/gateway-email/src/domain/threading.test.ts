import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAnswer, messageIdOf, outboundIdOf, rootOf, shortened, threadPlace } from './threading.ts';

const place = (...headers: [name: string, value: string][]) =>
  threadPlace(headers.map(([name, value]) => ({ name, value })));
const id = fc.stringMatching(/^[a-z0-9]{1,12}@[a-z]{1,8}$/);

test('the root is the first reference, else what is answered, else the mail itself', () => {
  expect(rootOf(place(['message-id', '<c@x>'], ['references', '<a@x> <b@x>'], ['in-reply-to', '<b@x>']))).toBe('a@x');
  expect(rootOf(place(['message-id', '<c@x>'], ['in-reply-to', '<b@x>']))).toBe('b@x');
  expect(rootOf(place(['message-id', '<c@x>']))).toBe('c@x');
  expect(rootOf(place())).toBeUndefined();
});

test('the mail being answered comes last', () => {
  const { references } = place(['references', '<a@x> <b@x> <c@x>'], ['in-reply-to', '<b@x>']);
  expect(references).toEqual(['a@x', 'c@x', 'b@x']);
});

test('every mail of a chain of answers has the same root, however long the chain and however it is shortened', () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { minLength: 2, maxLength: 80 }), (chain) => {
      let references: string[] = [];
      for (const [index, messageId] of chain.entries()) {
        const here = place(
          ['message-id', `<${messageId}>`],
          ['references', references.map((each) => `<${each}>`).join('\r\n ')],
          ...(index > 0 ? [['in-reply-to', `<${chain[index - 1]}>`] as [string, string]] : []),
        );
        expect(rootOf(here)).toBe(chain[0]);
        references = shortened([...here.references, messageId]);
        expect(references.length).toBeLessThanOrEqual(30);
      }
    }),
  );
});

test('a mail that names itself as its ancestor begins its own conversation', () => {
  expect(rootOf(place(['message-id', '<a@x>'], ['references', '<a@x>'], ['in-reply-to', '<a@x>']))).toBe('a@x');
});

test('any header text is read without an error', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (references, inReplyTo) => {
      for (const each of place(['references', references], ['in-reply-to', inReplyTo]).references) {
        expect(each).not.toMatch(/[<>\s]/);
      }
    }),
  );
});

test('our own message ids are known again, on our domains only', () => {
  expect(outboundIdOf(messageIdOf('0123', 'example.com'), ['example.com'])).toBe('0123');
  expect(outboundIdOf(messageIdOf('0123', 'example.com'), ['example.org'])).toBeUndefined();
});

test.each([
  ['Re: x', true],
  ['AW: x', true],
  ['回复:x', true],
  ['Regarding x', false],
  ['Fwd: x', false],
])('%s: an answer is %s', (subject, answer) => {
  expect(isAnswer({ messageId: '', references: [] }, subject)).toBe(answer);
});
