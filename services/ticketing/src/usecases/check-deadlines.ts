import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { record } from '../domain/history.ts';
import type { StoredTicket } from '../ports.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';

export type CheckDependencies = ChangeDependencies & { readonly policy: TicketPolicy; now(): number };

const actor = { kind: 'system' as const, id: 'ticketing', displayName: '' };

/**
 * Warns, notes what was missed, and takes up what was pending long enough. A ticket on which nothing is due stays as it is,
 * so that a repeat changes nothing.
 */
export async function checkDeadlines(stored: StoredTicket, dependencies: CheckDependencies): Promise<void> {
  const ticketId = stored.ticket.id;
  await changeTickets(
    [
      {
        ticketId,
        decide(current) {
          const atMs = dependencies.now();
          const context = { nowMs: atMs, actor, policy: dependencies.policy };
          const changes = decide({ type: 'checkDeadlines' }, current?.ticket, context);
          return record(current?.ticket, changes, { atMs, actor, commandId: `deadlines ${atMs}` });
        },
      },
    ],
    dependencies,
    new Map([[ticketId, stored]]),
  );
}
