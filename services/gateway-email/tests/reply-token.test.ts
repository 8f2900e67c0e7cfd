import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { replyAddress, ticketOfAddresses, withoutTag } from '../src/domain/reply-token.ts';

const keyed = (key: string) => (text: string) => createHmac('sha256', key).update(text).digest();
const hash = keyed('a key');
const ticketId = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  fc.string({ minLength: 1, maxLength: 8 }),
);

test('an answer to our address proves the ticket, whatever happened to the case of its letters', () => {
  fc.assert(
    fc.property(ticketId, (id) => {
      const address = replyAddress('support@example.com', id, hash);
      expect(ticketOfAddresses([address], hash)).toBe(id);
      expect(ticketOfAddresses(['someone@else.org', address.toUpperCase()], hash)).toBe(id);
      expect(withoutTag(address)).toBe('support@example.com');
      expect(address.indexOf('@')).toBeLessThanOrEqual(64);
    }),
  );
});

test('a token made with another key proves nothing', () => {
  fc.assert(
    fc.property(ticketId, (id) => {
      expect(ticketOfAddresses([replyAddress('support@example.com', id, keyed('another'))], hash)).toBeUndefined();
    }),
  );
});

test('no change of a token leads to another ticket', () => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  fc.assert(
    fc.property(ticketId, fc.nat(), fc.constantFrom(...alphabet), fc.boolean(), (id, at, letter, insert) => {
      const [local = '', domain = ''] = replyAddress('s@example.com', id, hash).split('@');
      const start = local.indexOf('+t') + 2;
      const place = start + (at % (local.length - start));
      const changed = `${local.slice(0, place)}${letter}${local.slice(place + (insert ? 0 : 1))}@${domain}`;
      const read = ticketOfAddresses([changed], hash);
      expect(changed === `${local}@${domain}` ? id : undefined).toBe(read);
    }),
  );
});

test('made-up tokens prove nothing', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z2-7]{1,60}$/), (token) => {
      expect(ticketOfAddresses([`support+t${token}@example.com`], hash)).toBeUndefined();
    }),
  );
});

test('an address that would become too long stays without a token', () => {
  const address = `${'a'.repeat(40)}@example.com`;
  expect(replyAddress(address, '0'.repeat(32), hash)).toBe(address);
});
