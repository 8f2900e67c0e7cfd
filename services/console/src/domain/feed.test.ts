import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Backlog } from './backlog.ts';
import type { Fact, Heading, Step } from './fact.ts';
import { Feed } from './feed.ts';

function fact(
  fields: Partial<Omit<Fact, 'step' | 'heading'>> & { step: Partial<Step>; heading?: Partial<Heading> },
): Fact {
  return {
    messageId: '',
    ticketId: '',
    heading: {},
    ...fields,
    step: {
      id: 's',
      kind: 'change',
      atMs: 0,
      title: '',
      text: '',
      details: [],
      candidates: [],
      bad: false,
      ...fields.step,
    },
  };
}

const message = fact({ messageId: 'm', heading: { customer: 'Mei' }, step: { id: '1', kind: 'message', atMs: 1 } });
const created = fact({ messageId: 'm', ticketId: 't', heading: { state: 'new' }, step: { id: '2', atMs: 2 } });
const decision = fact({ messageId: 'm', ticketId: 't', step: { id: '3', kind: 'decision', atMs: 3 } });
const answered = fact({ ticketId: 't', heading: { state: 'open', owner: 'anna' }, step: { id: '4', atMs: 4 } });

describe('a feed', () => {
  test('fills one card per ticket, in whatever order the events come', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([message, created, decision, answered], { minLength: 4 }),
        fc.array(fc.constantFrom(message, created, decision, answered)),
        (order, repeats) => {
          const feed = new Feed();
          for (const each of [...order, ...repeats]) feed.add(each);
          const cards = feed.since(0);
          expect(cards.map(({ id }) => id)).toEqual(['t']);
          expect(cards[0]?.steps.map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
          expect(cards[0]).toMatchObject({ customer: 'Mei', state: 'open', owner: 'anna' });
        },
      ),
    );
  });

  test("says which card a ticket's card has taken the place of", () => {
    const feed = new Feed();
    feed.add(message);
    expect(feed.since(0)).toMatchObject([{ id: 'm', replaces: [] }]);
    feed.add(created);
    expect(feed.since(0)).toMatchObject([{ id: 't', replaces: ['m'] }]);
  });

  test('joins a second message to the card of its ticket', () => {
    const feed = new Feed();
    for (const each of [message, created]) feed.add(each);
    feed.add(fact({ messageId: 'm2', step: { id: '5', atMs: 5 } }));
    feed.add(fact({ messageId: 'm2', ticketId: 't', step: { id: '6', atMs: 6 } }));
    expect(feed.since(0)).toMatchObject([{ id: 't', replaces: ['m', 'm2'] }]);
  });

  test('gives only what changed after a revision', () => {
    const feed = new Feed();
    feed.add(message);
    const { revision } = feed;
    expect(feed.since(revision)).toEqual([]);
    feed.add(message);
    expect(feed.since(revision), 'a repeat is no change').toEqual([]);
    feed.add(fact({ messageId: 'other', step: { id: '9' } }));
    expect(feed.since(revision).map(({ id }) => id)).toEqual(['other']);
  });

  test('keeps the latest cards and the latest steps only', () => {
    const feed = new Feed({ maxCards: 3, maxSteps: 4 });
    for (let index = 0; index < 10; index++) feed.add(fact({ ticketId: `t${index}`, step: { id: `${index}` } }));
    expect(feed.since(0).map(({ id }) => id)).toEqual(['t7', 't8', 't9']);
    for (let index = 0; index < 10; index++) feed.add(fact({ ticketId: 't8', step: { id: `s${index}`, atMs: index } }));
    const card = feed.since(0).at(-1);
    expect(card).toMatchObject({ id: 't8', omittedSteps: 7 });
    expect(card?.steps.map(({ id }) => id)).toEqual(['8', 's7', 's8', 's9']);
  });
});

describe('a backlog', () => {
  test('pushes out the oldest above its number and its bytes', () => {
    const backlog = new Backlog<number>({ maxItems: 5, maxBytes: 100 });
    for (let item = 0; item < 1000; item++) backlog.add(item, 1);
    expect(backlog.takeAll()).toEqual([995, 996, 997, 998, 999]);
    for (let item = 0; item < 5; item++) backlog.add(item, 40);
    expect(backlog.takeAll()).toEqual([3, 4]);
    expect(backlog.takeAll()).toEqual([]);
  });
});
