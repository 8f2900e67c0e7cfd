import type { TicketPolicy } from '../domain/decision-context.ts';
import type { Actor } from '../domain/ticket.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';
import { decideInTurn, type Turn } from './decide-in-turn.ts';

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
          const turns = (byTicket.get(ticketId) ?? []).map((assignment): Turn => {
            errors.delete(assignment);
            const { decisionId, ownerId } = assignment;
            const wasDone = decisionId !== '' && current?.events.some(({ commandId }) => commandId === decisionId);
            return {
              command: { type: 'assign', ...assignment },
              actor,
              commandId: decisionId,
              skip(ticket) {
                if (wasDone && ticket?.ownerId !== ownerId)
                  errors.set(assignment, 'the ticket has been taken away since');
                return wasDone === true;
              },
              rejected: (reason) => errors.set(assignment, reason),
            };
          });
          return decideInTurn(current?.ticket, turns, dependencies);
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
