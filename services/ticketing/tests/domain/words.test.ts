import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acknowledge, durationInWords } from '../../src/domain/acknowledgement.ts';
import { termsOfQuery, termsOfText, termsOfTicket } from '../../src/domain/search-terms.ts';
import { ticketNumber } from '../../src/domain/ticket-number.ts';
import { hour, minute, receive, ticketAfter } from './given.ts';

describe('search terms', () => {
  test('are words in lower case, and pairs of characters where no spaces are written', () => {
    expect(termsOfText('The LAMP x-9, Straße')).toEqual(['the', 'lamp', 'straße']);
    expect(termsOfText('电池发热 iPhone15电池')).toEqual(['电池', '池发', '发热', 'iphone15']);
  });

  test('of a query keep an address whole', () => {
    expect(termsOfQuery('Ada@Example.org lamp +4912345')).toEqual(['ada@example.org', 'lamp', '+4912345']);
  });

  test('of a ticket hold its number, customer, addresses, subject and texts', () => {
    const ticket = ticketAfter(receive('m1'));
    if (ticket === undefined) throw new Error('no ticket');
    const terms = termsOfTicket(ticket);
    for (const term of ['20260501001', 'customer-1', 'ada@example.org', 'lamp', 'text']) expect(terms).toContain(term);
  });

  test('of any part of a text are among the terms of the text', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abcÄ电池发7'), minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), fc.nat(), (list, at) => {
        const all = new Set(termsOfText(list.join(' ')));
        for (const term of termsOfQuery(list[at % list.length] ?? '')) expect(all).toContain(term);
      }),
    );
  });
});

test('T1: a number has the day and at least three digits, more when they are used up', () => {
  expect(ticketNumber('20230501', 1)).toBe('20230501001');
  expect(ticketNumber('20230501', 999)).toBe('20230501999');
  expect(ticketNumber('20230501', 1000)).toBe('202305011000');
});

test('durations are said in the largest unit that fits, in the language', () => {
  expect(durationInWords(5 * minute, 'en')).toBe('5 minutes');
  expect(durationInWords(24 * hour, 'en')).toBe('24 hours');
  expect(durationInWords(24 * hour, 'zh')).toBe('24小时');
  expect(durationInWords(72 * hour, 'en')).toBe('3 days');
});

test('an acknowledgement fills in its facts and leaves other braces alone', () => {
  const template = {
    language: 'en',
    subject: 'Re: {subject}',
    text: '{number} {time} {other}',
    liveText: '{number}',
    publicText: 'Write to us.',
  };
  const facts = {
    entryId: 'a',
    number: '1',
    subject: 'S {number}',
    firstResponseMs: 2 * hour,
    atMs: 0,
    isPublic: false,
    providerMessageId: 'p',
  };
  expect(acknowledge(template, { ...facts, live: false })).toMatchObject({
    subject: 'Re: S {number}',
    text: '1 2 hours {other}',
    purpose: 'acknowledgement',
    references: ['p'],
  });
  expect(acknowledge(template, { ...facts, live: true })?.text).toBe('1');
});

test('an acknowledgement in public stands under its message with the words of the template alone, or not at all', () => {
  const template = { language: 'en', subject: '{number}', text: '{number}', liveText: '{number}' };
  const facts = { entryId: 'a', number: '1', subject: 'S', firstResponseMs: hour, atMs: 0, providerMessageId: 'p' };
  const spoken = { ...facts, live: false, isPublic: true };
  const invitation = acknowledge({ ...template, publicText: 'Write to us.' }, spoken);
  expect(invitation).toMatchObject({ text: 'Write to us.', visibility: 'public', parentProviderMessageId: 'p' });
  expect(invitation).not.toHaveProperty('subject');
  expect(acknowledge(template, spoken)).toBeUndefined();
});
