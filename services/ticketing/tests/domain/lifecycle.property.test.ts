import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TicketEvent } from '../../src/domain/changes.ts';
import type { Command } from '../../src/domain/commands.ts';
import { nextDueAtMs } from '../../src/domain/deadlines.ts';
import { decide } from '../../src/domain/decide.ts';
import { evolve } from '../../src/domain/evolve.ts';
import { record } from '../../src/domain/history.ts';
import { Rejection } from '../../src/domain/rejection.ts';
import type { Automatic, Ticket } from '../../src/domain/ticket.ts';
import {
  acknowledgement,
  assign,
  check,
  close,
  grace,
  hour,
  note,
  policy,
  receive,
  reply,
  resolve,
  start,
} from './given.ts';

const automatic = fc.constantFrom<Automatic | undefined>(
  undefined,
  undefined,
  'reply',
  'bounce',
  'list',
  'own',
  'generated',
);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 8 }), automatic).map(([i, kind]) => receive(`m${i}`, kind && { automatic: kind })),
  fc.integer({ min: 1, max: 4 }).map((i) => reply(`r${i}`)),
  fc.constantFrom('', 'grace', 'ada').map((owner) => assign(owner)),
  fc.constantFrom('grace', 'ada').map((owner) => assign(owner, false)),
  fc.integer({ min: 0, max: 3 }).map((toTier) => ({ type: 'escalate', reason: '', toTier }) as const),
  fc
    .option(fc.integer({ min: 1, max: 200 }))
    .map((hours) =>
      hours === null
        ? ({ type: 'setPending', reason: '' } as const)
        : ({ type: 'setPending', reason: '', untilMs: start + hours * hour } as const),
    ),
  fc.constantFrom<Command>(resolve, close, check, check, note, { type: 'reopen', reason: '' }),
  fc
    .tuple(fc.constantFrom('r1', 'r2'), fc.constantFrom('sent', 'delivered', 'read', 'failed', 'uncertain'))
    .map(
      ([entryId, status]) => ({ type: 'recordDelivery', entryId, status, reason: '', providerMessageId: 'p' }) as const,
    ),
);
const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), command), { maxLength: 60 });

test('whatever happens to a ticket: one owner or one queue, no gap in sequence or version, history makes the state', () => {
  fc.assert(
    fc.property(steps, (history) => {
      let ticket: Ticket | undefined;
      let nowMs = start;
      const events: TicketEvent[] = [];
      const apply = (next: Command) => {
        let changes: ReturnType<typeof decide>;
        try {
          changes = decide(next, ticket, { nowMs, actor: grace, policy });
        } catch (error) {
          if (error instanceof Rejection) return;
          throw error;
        }
        const recorded = record(ticket, changes, { atMs: nowMs, actor: grace, commandId: `c${events.length}` });
        ticket = recorded.ticket;
        events.push(...recorded.events);
      };
      apply(receive('m0', {}, { acknowledgement }));
      for (const [hours, next] of history) {
        nowMs += hours * hour;
        apply(next);
        if (ticket === undefined) throw new Error('a ticket does not vanish');
        // Always one owner or one queue.
        expect(ticket.ownerId !== '' || ticket.queue !== '').toBe(true);
        expect(ticket.tier).toBeGreaterThanOrEqual(1);
        expect(ticket.tier).toBeLessThanOrEqual(3);
        expect(ticket.pendingUntilMs === undefined || ticket.state === 'pending').toBe(true);
        expect(new Set(ticket.entries.filter(({ kind }) => kind === 'inbound').map(({ id }) => id)).size).toBe(
          ticket.entries.filter(({ kind }) => kind === 'inbound').length,
        );
        if (ticket.state === 'closed') expect(nextDueAtMs(ticket)).toBeUndefined();
        // What was due is seen to: a check may take up what was pending, the next one sees to its deadlines.
        if (next !== check) continue;
        apply(check);
        expect(nextDueAtMs(ticket) ?? Number.POSITIVE_INFINITY).toBeGreaterThan(nowMs);
      }
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
      const breaches = events.flatMap(({ change }) => (change.type === 'deadlineBreached' ? [change.deadline] : []));
      expect(new Set(breaches.map(({ kind, dueAtMs }) => `${kind} ${dueAtMs}`)).size).toBe(breaches.length);
      const versions = [...new Set(events.map(({ version }) => version))];
      expect(versions).toEqual(versions.map((_, i) => i + 1));
      const replayed = events.reduce<Ticket | undefined>((t, { change, atMs }) => evolve(t, change, atMs), undefined);
      const { version: _, lastSequence: __, updatedAtMs: ___, ...state } = ticket as unknown as Ticket;
      expect(replayed).toMatchObject(state);
    }),
    { numRuns: 500 },
  );
});
