import { expect, test } from 'vitest';
import { isSenderProven } from './sender-verification.ts';

const proven = (sender: string, ...results: string[]) =>
  isSenderProven(
    results.map((value) => ({ name: 'authentication-results', value })),
    sender,
    ['mx.tributary.example'],
  );

test.each([
  ['mx.tributary.example; dmarc=pass (p=reject) header.from=example.com'],
  ['mx.tributary.example; spf=fail; dkim=pass header.d=example.com header.s=s1'],
  ['mx.tributary.example 1; dkim=pass header.i=@example.com'],
])('%s proves ada@example.com', (result) => {
  expect(proven('ada@example.com', result)).toBe(true);
});

test.each([
  ['mx.evil.example; dmarc=pass header.from=example.com'],
  ['mx.tributary.example; dmarc=fail header.from=example.com'],
  ['mx.tributary.example; dkim=pass header.d=evil.example'],
  ['mx.tributary.example; dkim=pass header.d=com'],
  ['mx.tributary.example; spf=pass smtp.mailfrom=example.com'],
  ['mx.tributary.example; none (dmarc=pass)'],
  ['mx.tributary.example.evil.example; dmarc=pass'],
])('%s does not prove ada@example.com', (result) => {
  expect(proven('ada@example.com', result)).toBe(false);
});

test('only the topmost result of our own server counts: anyone can write one below it', () => {
  const forged = 'mx.tributary.example; dmarc=pass header.from=example.com';
  expect(proven('ada@example.com', 'mx.tributary.example; dmarc=fail', forged)).toBe(false);
});
