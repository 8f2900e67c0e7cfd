import { expect, test } from 'vitest';
import type { Agent } from '../agents/agent.ts';
import { type LiveContact, type OfferTerms, passedOver } from './live-contact.ts';

const nowMs = 1_000_000;

const agent = (fields: Partial<Agent> = {}): Agent => ({
  id: 'ann',
  name: 'ann',
  email: '',
  regions: ['emea'],
  languages: ['en'],
  skills: [],
  tier: 1,
  capacityUnits: 100,
  timeZone: 'UTC',
  shifts: [],
  callAddress: '',
  presence: 'online',
  loadUnits: 0,
  work: [],
  unconfirmed: [],
  ...fields,
});

const contact = (terms: Partial<OfferTerms>, ...passedAtMs: number[]): LiveContact => ({
  channel: 'phone',
  account: 'hotline',
  conversationKey: 'call',
  messageId: 'm',
  arrivedAtMs: 0,
  terms: {
    timeoutMs: 20_000,
    notAnsweringAfter: 1,
    needsCallAddress: false,
    askAgainAfterMs: 60_000,
    whenCustomerLeaves: 'assign',
    ...terms,
  },
  passed: passedAtMs.map((atMs) => ({ agentId: 'ann', reason: `passed at ${atMs}`, atMs })),
});

test('whoever has not passed is offered the contact, also when others have', () => {
  expect(passedOver(agent(), contact({}), nowMs)).toBe('');
  expect(passedOver(agent({ id: 'bob' }), contact({}, nowMs), nowMs)).toBe('');
});

test('whoever has passed is left out for the reason of the last time, until they may be asked again', () => {
  const passedTwice = contact({}, nowMs - 100_000, nowMs - 59_999);
  expect(passedOver(agent(), passedTwice, nowMs)).toBe(`passed at ${nowMs - 59_999}`);
  expect(passedOver(agent(), passedTwice, nowMs + 1)).toBe('');
});

test('without a time after which to ask again only coming on line or getting room makes them a candidate once more', () => {
  const passed = contact({ askAgainAfterMs: 0 }, nowMs - 500_000);
  expect(passedOver(agent(), passed, nowMs)).not.toBe('');
  expect(passedOver(agent({ availableSinceMs: nowMs - 500_000 }), passed, nowMs)).not.toBe('');
  expect(passedOver(agent({ availableSinceMs: nowMs - 499_999 }), passed, nowMs)).toBe('');
});

test('who cannot be rung is left out only where the policy asks for it', () => {
  expect(passedOver(agent(), contact({ needsCallAddress: true }), nowMs)).toBe('has no call address');
  expect(passedOver(agent({ callAddress: 'client:ann' }), contact({ needsCallAddress: true }), nowMs)).toBe('');
});
