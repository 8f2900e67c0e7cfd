import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { record } from '../domain/history.ts';
import { Rejection } from '../domain/rejection.ts';
import type { Actor } from '../domain/ticket.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';

export interface Assignment {
  readonly ticketId: string;
  readonly ownerId: string;
  readonly decisionId: string;
  readonly replaceOwner: boolean;
}

export interface AssignmentResult {
  /** Who owns it now. */
  readonly ownerId: string;
  /** Empty when it was assigned, also by an earlier call. */
  readonly error: string;
}

/** Gives many tickets an owner, in one bulk write. Results in the order of the assignments. */
export async function assignTickets(
  assignments: readonly Assignment[],
  actor: Actor,
  dependencies: ChangeDependencies & { readonly policy: TicketPolicy; now(): number },
): Promise<AssignmentResult[]> {
  const byTicket = Map.groupBy(assignments, ({ ticketId }) => ticketId);
  const known = await dependencies.store.load([...byTicket.keys()]);
  const errors = new Map<Assignment, string>();
  const after = await changeTickets(
    [...byTicket.keys()]
      .filter((ticketId) => known.has(ticketId))
      .map((ticketId) => ({
        ticketId,
        decide(current) {
          let ticket = current?.ticket;
          const events = [];
          for (const assignment of byTicket.get(ticketId) ?? []) {
            errors.delete(assignment);
            const { decisionId } = assignment;
            const wasDone = decisionId !== '' && current?.events.some(({ commandId }) => commandId === decisionId);
            if (wasDone) {
              if (ticket?.ownerId !== assignment.ownerId)
                errors.set(assignment, 'the ticket has been taken away since');
              continue;
            }
            try {
              const atMs = dependencies.now();
              const context = { nowMs: atMs, actor, policy: dependencies.policy };
              const changes = decide({ type: 'assign', ...assignment }, ticket, context);
              if (changes.length === 0) continue;
              const recorded = record(ticket, changes, { atMs, actor, commandId: decisionId });
              ticket = recorded.ticket;
              events.push(...recorded.events);
            } catch (error) {
              if (!(error instanceof Rejection)) throw error;
              errors.set(assignment, error.message);
            }
          }
          return { ticket, events };
        },
      })),
    dependencies,
    known,
  );
  return assignments.map((assignment) => {
    const ticket = after.get(assignment.ticketId)?.ticket;
    if (ticket === undefined) return { ownerId: '', error: 'there is no such ticket' };
    return { ownerId: ticket.ownerId, error: errors.get(assignment) ?? '' };
  });
}
