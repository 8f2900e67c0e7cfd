import { describe, expect, test } from 'vitest';
import { Rejection } from '../../src/domain/rejection.ts';
import type { TicketState } from '../../src/domain/ticket.ts';
import {
  acknowledgement,
  assign,
  check,
  close,
  day,
  escalate,
  given,
  grade,
  hour,
  minute,
  note,
  pending,
  receive,
  reopen,
  reply,
  resolve,
  type Step,
  start,
} from './given.ts';

/** How a ticket comes into each state. */
const into: Readonly<Record<TicketState, readonly Step[]>> = {
  new: [receive('m1')],
  open: [receive('m1'), reply()],
  pending: [receive('m1'), reply(), pending],
  resolved: [receive('m1'), reply(), resolve],
  closed: [receive('m1'), reply(), resolve, close],
};
const types = (changes: readonly { type: string }[]) => changes.map(({ type }) => type);

describe('a message', () => {
  test('of a person starts a ticket that is new, in its queue, with both deadlines, and is acknowledged', () => {
    const { ticket, changes } = given().when(receive('m1', {}, { acknowledgement }));
    expect(types(changes)).toEqual(['created', 'messageReceived', 'replyAdded']);
    expect(ticket).toMatchObject({
      state: 'new',
      ownerId: '',
      queue: 'hardware',
      tier: 1,
      version: 1,
      lastSequence: 3,
    });
    expect(ticket.deadlines).toMatchObject([
      { kind: 'first-response', dueAtMs: start + 24 * hour, warnAtMs: start + 18 * hour },
      { kind: 'resolution', dueAtMs: start + day },
    ]);
    expect(ticket.entries.map(({ id }) => id)).toEqual(['m1', 'ack']);
  });

  test.each([
    ['urgent', 2 * hour],
    ['important', 4 * hour],
    ['normal', 24 * hour],
    ['none', 24 * hour],
  ] as const)('T2: graded %s has its first response due after %i ms', (severity, ms) => {
    const { ticket } = given().when(receive('m1', {}, { grade: { ...grade, severity } }));
    expect(ticket.deadlines[0]?.dueAtMs).toBe(start + ms);
  });

  test('T2: on a live channel has its first response due after 5 minutes, and a warning before that', () => {
    const { ticket } = given().when(receive('m1', {}, { channel: 'chat' }));
    expect(ticket.deadlines[0]).toMatchObject({ dueAtMs: start + 5 * minute, warnAtMs: start + 2.5 * minute });
  });

  test.each([
    ['simple', 1],
    ['complex', 3],
    ['difficult', 7],
  ] as const)('T3: graded %s is to be resolved within %i days', (complexity, days) => {
    const { ticket } = given().when(receive('m1', {}, { grade: { ...grade, complexity } }));
    expect(ticket.deadlines[1]?.dueAtMs).toBe(start + days * day);
  });

  test('that the ticket has already changes nothing', () => {
    expect(given(receive('m1'), reply(), pending).when(receive('m1')).changes).toEqual([]);
  });

  test.each(['new', 'open'] as const)('on a ticket that is %s is added and changes no state', (state) => {
    const then = given(...into[state]).when(receive('m2'));
    expect(types(then.changes)).toEqual(['messageReceived']);
    expect(then.ticket.state).toBe(state);
  });

  test.each(['pending', 'resolved', 'closed'] as const)('on a ticket that is %s reopens it', (state) => {
    const then = given(...into[state]).when(receive('m2'));
    expect(types(then.changes)).toEqual(['messageReceived', 'reopened']);
    expect(then.ticket.state).toBe('open');
  });

  test('G3: that reopens a resolved ticket leaves it with its owner', () => {
    const { ticket } = given(receive('m1'), assign('grace'), reply(), resolve).when(receive('m2'));
    expect(ticket).toMatchObject({ state: 'open', ownerId: 'grace' });
  });

  test('that brings a solved problem back starts its resolution deadline anew, not the first response it got', () => {
    const { ticket } = given(receive('m1'), [hour, reply()], [2 * hour, resolve]).when([3 * day, receive('m2')]);
    expect(ticket.deadlines).toMatchObject([
      { kind: 'first-response', metAtMs: start + hour },
      { kind: 'resolution', dueAtMs: start + 4 * day },
    ]);
    expect(ticket.deadlines[1]?.metAtMs).toBeUndefined();
  });

  test.each(['reply', 'list', 'generated', 'own', 'bounce'] as const)(
    'I2: of a machine (%s) reopens nothing',
    (automatic) => {
      const then = given(...into.resolved).when(receive('m2', { automatic }));
      expect(types(then.changes)).toEqual(['messageReceived']);
      expect(then.ticket.state).toBe('resolved');
    },
  );

  test.each(['reply', 'own', 'bounce'] as const)(
    'I2: of a machine (%s) that belongs nowhere is kept, resolved at once, not acknowledged and without deadline',
    (automatic) => {
      const { ticket } = given().when(receive('m1', { automatic }, { acknowledgement }));
      expect(ticket).toMatchObject({ state: 'resolved', deadlines: [], entries: [{ id: 'm1' }] });
    },
  );

  test.each(['list', 'generated'] as const)(
    'I2: of a machine (%s) can start a ticket and is not acknowledged',
    (automatic) => {
      const { ticket } = given().when(receive('m1', { automatic }, { acknowledgement }));
      expect(ticket).toMatchObject({ state: 'new', entries: [{ id: 'm1' }] });
    },
  );
});

describe('a bounce', () => {
  const bounce = { entryId: 'r1', references: [], reason: '550 no such user', failed: true };

  test('marks the delivery of what bounced as failed and reopens nothing', () => {
    const { ticket } = given(...into.resolved).when(receive('b1', { automatic: 'bounce' }, {}, bounce));
    expect(ticket.deliveries['r1']).toMatchObject({ status: 'failed', reason: '550 no such user' });
    expect(ticket.state).toBe('resolved');
  });

  test('finds what bounced by the provider id it refers to', () => {
    const sent: Step = { type: 'recordDelivery', entryId: 'r1', status: 'sent', reason: '', providerMessageId: 'p1' };
    const by = { ...bounce, entryId: '', references: ['p0', 'p1'] };
    const { ticket } = given(...into.open, sent).when(receive('b1', { automatic: 'bounce' }, {}, by));
    expect(ticket.deliveries['r1']?.status).toBe('failed');
  });

  test('that only tells of a delay marks nothing', () => {
    const then = given(...into.open).when(receive('b1', { automatic: 'bounce' }, {}, { ...bounce, failed: false }));
    expect(types(then.changes)).toEqual(['messageReceived']);
  });
});

describe('a reply', () => {
  test('of an agent opens a new ticket and meets its first response deadline', () => {
    const then = given(...into.new).when([hour, reply()]);
    expect(types(then.changes)).toEqual(['replyAdded', 'deadlineMet']);
    expect(then.ticket.state).toBe('open');
    expect(then.ticket.deadlines[0]?.metAtMs).toBe(start + hour);
  });

  test('after the first meets no deadline again', () => {
    expect(types(given(...into.open).when([hour, reply('r2')]).changes)).toEqual(['replyAdded']);
  });

  test('of a machine meets no first response deadline', () => {
    const bot = { kind: 'system' as const, id: 'bot', displayName: '' };
    expect(types(given(...into.new).when([hour, reply(), bot]).changes)).toEqual(['replyAdded']);
  });

  test.each(['open', 'pending', 'resolved'] as const)('leaves a ticket that is %s as it is', (state) => {
    expect(given(...into[state]).when(reply('r2')).ticket.state).toBe(state);
  });

  test('refers to the conversation, the message being answered last', () => {
    const before: Step[] = [
      receive('m1', { providerMessageId: 'p1' }),
      reply('r1'),
      { type: 'recordDelivery', entryId: 'r1', status: 'sent', reason: '', providerMessageId: 'p2' },
      receive('m2', { providerMessageId: 'p3' }),
      receive('b1', { providerMessageId: 'p4', automatic: 'reply' }),
    ];
    const [change] = given(...before).when(reply('r2')).changes;
    expect(change).toMatchObject({ entry: { references: ['p1', 'p2', 'p4', 'p3'] } });
  });

  test('to a public comment goes under it, publicly', () => {
    const comment = receive('m1', { providerMessageId: 'p1', visibility: 'public', answeredUnderIt: true });
    const [change] = given(comment).when(reply()).changes;
    expect(change).toMatchObject({ entry: { visibility: 'public', parentProviderMessageId: 'p1' } });
  });
});

describe('assigning', () => {
  test('gives a ticket an owner', () => {
    const then = given(...into.new).when(assign('grace'));
    expect(then.changes).toEqual([{ type: 'assigned', ownerId: 'grace', previousOwnerId: '', decisionId: '' }]);
    expect(then.ticket).toMatchObject({ ownerId: 'grace', state: 'new' });
  });

  test('to whoever owns it changes nothing', () => {
    expect(given(...into.new, assign('grace')).when(assign('grace', false)).changes).toEqual([]);
  });

  test('takes it from another only when told so', () => {
    const owned = given(...into.new, assign('grace'));
    expect(owned.when(assign('ada')).ticket.ownerId).toBe('ada');
    expect(owned.when(assign('ada', false)).decide).toThrow(new Rejection('the ticket is owned by grace'));
  });

  test('to nobody puts it back into its queue', () => {
    const then = given(...into.open, assign('grace')).when(assign(''));
    expect(types(then.changes)).toEqual(['unassigned']);
    expect(then.ticket).toMatchObject({ ownerId: '', queue: 'hardware' });
  });
});

describe('escalating', () => {
  test('G4: hands it to the next tier and releases its owner into the queue', () => {
    const then = given(...into.open, assign('grace')).when(escalate);
    expect(then.changes).toMatchObject([{ fromTier: 1, toTier: 2, previousOwnerId: 'grace', queue: 'hardware' }]);
    expect(then.ticket).toMatchObject({ tier: 2, ownerId: '', state: 'open' });
  });

  test('can leave a tier out, never goes down or beyond the third', () => {
    expect(given(...into.open).when({ type: 'escalate', reason: '', toTier: 3 }).ticket.tier).toBe(3);
    expect(given(...into.open, escalate).when({ type: 'escalate', reason: '', toTier: 2 }).decide).toThrow(Rejection);
    expect(given(...into.open, escalate, escalate).when(escalate).decide).toThrow(Rejection);
  });
});

describe('waiting', () => {
  test('ends at its time, and the resolution deadline has paused meanwhile', () => {
    const until = { type: 'setPending', reason: '', untilMs: start + 10 * hour } as const;
    const waiting = given(receive('m1'), [hour, reply()], [2 * hour, until]);
    expect(waiting.when([9 * hour, check]).changes).toEqual([]);
    const then = waiting.when([10 * hour, check]);
    expect(types(then.changes)).toEqual(['reopened']);
    expect(then.ticket.deadlines[1]?.dueAtMs).toBe(start + day + 8 * hour);
    expect(then.ticket.pendingUntilMs).toBeUndefined();
  });

  test('can be prolonged without counting the pause twice', () => {
    const until = (hours: number): Step => [
      2 * hour,
      { type: 'setPending', reason: '', untilMs: start + hours * hour },
    ];
    const then = given(receive('m1'), [hour, reply()], until(4), [3 * hour, pending]).when([6 * hour, reopen]);
    expect(then.ticket.deadlines[1]?.dueAtMs).toBe(start + day + 4 * hour);
  });

  test('until a time that is past is refused', () => {
    const past = { type: 'setPending', reason: '', untilMs: start } as const;
    expect(given(...into.open).when([hour, past]).decide).toThrow('must lie ahead');
  });

  test('does not pause the first response', () => {
    const then = given(receive('m1'), pending).when([25 * hour, check]);
    expect(then.changes).toMatchObject([{ type: 'deadlineBreached', deadline: { kind: 'first-response' } }]);
  });
});

describe('deadlines', () => {
  test('T4: warn once before they are missed, and tell once when they are', () => {
    const urgent = receive('m1', {}, { grade: { ...grade, severity: 'urgent' } });
    expect(given(urgent).when([89 * minute, check]).changes).toEqual([]);
    const warned = given(urgent, [90 * minute, check]);
    expect(given(urgent).when([90 * minute, check]).changes).toMatchObject([{ type: 'deadlineWarned' }]);
    expect(warned.when([100 * minute, check]).changes).toEqual([]);
    expect(warned.when([2 * hour, check]).changes).toMatchObject([
      { type: 'deadlineBreached', deadline: { warnedAtMs: start + 90 * minute, breachedAtMs: start + 2 * hour } },
    ]);
    expect(given(urgent, [2 * hour, check]).when([3 * hour, check]).changes).toEqual([]);
  });

  test('that were missed are still met when the answer comes', () => {
    const then = given(receive('m1'), [25 * hour, check]).when([26 * hour, reply()]);
    expect(then.changes).toMatchObject([
      { type: 'replyAdded' },
      { type: 'deadlineMet', deadline: { breachedAtMs: start + 25 * hour, metAtMs: start + 26 * hour } },
    ]);
  });

  test('of what is resolved do not tick', () => {
    expect(given(receive('m1'), resolve).when([9 * day, check]).changes).toEqual([]);
  });
});

describe('deliveries', () => {
  const told = (status: 'sent' | 'delivered' | 'read' | 'failed' | 'uncertain', providerMessageId = ''): Step => ({
    type: 'recordDelivery',
    entryId: 'r1',
    status,
    reason: status === 'failed' ? 'full' : '',
    providerMessageId,
  });

  test('never fall behind what is known', () => {
    const statusAfter = (...steps: Step[]) => given(...into.open, ...steps).when(note).ticket.deliveries['r1']?.status;
    expect(statusAfter(told('sent'), told('delivered'), told('sent'))).toBe('delivered');
    expect(statusAfter(told('read'), told('delivered'))).toBe('read');
    expect(statusAfter(told('uncertain'), told('sent'))).toBe('sent');
    expect(statusAfter(told('sent'), told('failed'), told('delivered'))).toBe('failed');
  });

  test('that come late still tell the provider id', () => {
    const { ticket } = given(...into.open, told('read')).when(told('sent', 'p1'));
    expect(ticket.deliveries['r1']).toEqual({ status: 'read', reason: '', providerMessageId: 'p1' });
  });

  test('that are told twice change nothing', () => {
    expect(given(...into.open, told('sent', 'p1')).when(told('sent', 'p1')).changes).toEqual([]);
  });

  test('of what was never sent are refused', () => {
    expect(given(...into.new).when(told('sent')).decide).toThrow(Rejection);
  });
});

describe('what a state does not allow', () => {
  const commands = { reply: reply('r9'), assign: assign('ada'), escalate, pending, resolve, reopen, close };
  const allowed: Readonly<Record<TicketState, readonly (keyof typeof commands)[]>> = {
    new: ['reply', 'assign', 'escalate', 'pending', 'resolve'],
    open: ['reply', 'assign', 'escalate', 'pending', 'resolve'],
    pending: ['reply', 'assign', 'escalate', 'pending', 'resolve', 'reopen'],
    resolved: ['reply', 'assign', 'reopen', 'close'],
    closed: [],
  };
  const cases = Object.keys(into).flatMap((state) =>
    Object.keys(commands).map((command) => [state as TicketState, command as keyof typeof commands] as const),
  );

  test.each(cases)('%s: %s', (state, command) => {
    const { decide } = given(...into[state]).when(commands[command]);
    if (allowed[state].includes(command)) expect(decide()).not.toEqual([]);
    else expect(decide).toThrow(Rejection);
  });

  test('a note can always be added', () => {
    for (const state of Object.keys(into)) {
      expect(
        given(...into[state as TicketState])
          .when(note)
          .ticket.entries.at(-1),
      ).toMatchObject({ kind: 'note' });
    }
  });

  test('nothing but a message happens to a ticket that is not there', () => {
    expect(given().when(reply()).decide).toThrow(Rejection);
  });
});
