import { expect, test } from 'vitest';
import { effectsOf, type TicketChange } from './ticket-changes.ts';

const change = (sequence: number, kind: TicketChange['kind'], fields: Partial<TicketChange> = {}): TicketChange => ({
  ticketId: 't',
  eventId: `e${sequence}`,
  sequence,
  kind,
  ownerId: '',
  previousOwnerId: '',
  ...fields,
});

test('several events of a ticket come to where it is in the end, and to everybody they freed', () => {
  const effects = effectsOf([
    change(2, 'assigned', { ownerId: 'ann' }),
    change(3, 'assigned', { ownerId: 'bob', previousOwnerId: 'ann' }),
    change(5, 'resolved', { ownerId: 'bob' }),
  ]);
  expect(effects).toEqual([
    {
      ticketId: 't',
      eventId: 'e5',
      sequence: 5,
      holderId: '',
      waiting: 'leave',
      gaveBackId: '',
      freedAgentIds: ['ann', 'bob'],
    },
  ]);
});

test.each([
  [
    'an unassigned ticket looks for an owner, not who gave it back',
    'unassigned',
    { previousOwnerId: 'ann' },
    '',
    'find',
    'ann',
  ],
  ['an escalated one looks for an owner', 'escalated', { previousOwnerId: 'ann' }, '', 'find', ''],
  ['a reopened one is its owner’s', 'reopened', { ownerId: 'ann' }, 'ann', 'leave', ''],
  ['a reopened one without owner looks for one', 'reopened', {}, '', 'find', ''],
  ['a regraded one stays where it is', 'regraded', {}, undefined, 'regrade', ''],
] as const)('%s', (_, kind, fields, holderId, waiting, gaveBackId) => {
  expect(effectsOf([change(2, kind, fields)])).toMatchObject([{ holderId, waiting, gaveBackId }]);
});

test('a change of the grade does not undo what came before it', () => {
  const effects = effectsOf([change(2, 'escalated', { previousOwnerId: 'ann' }), change(3, 'regraded')]);
  expect(effects).toMatchObject([{ sequence: 3, holderId: '', waiting: 'find', freedAgentIds: ['ann'] }]);
});
