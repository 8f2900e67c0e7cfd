import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { record } from '../domain/history.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';

const actor = { kind: 'system' as const, id: 'ticketing', displayName: '' };

/**
 * Warns, notes what was missed, and takes up what was pending long enough. A ticket on which nothing is due stays as it is,
 * so that two replicas that look at the same ticket do it once.
 */
export async function checkDeadlines(
  ticketIds: readonly string[],
  dependencies: ChangeDependencies & { readonly policy: TicketPolicy; now(): number },
): Promise<void> {
  const known = await dependencies.store.load(ticketIds);
  await changeTickets(
    [...known.keys()].map((ticketId) => ({
      ticketId,
      decide(current) {
        const atMs = dependencies.now();
        const context = { nowMs: atMs, actor, policy: dependencies.policy };
        const changes = decide({ type: 'checkDeadlines' }, current?.ticket, context);
        return record(current?.ticket, changes, { atMs, actor, commandId: `deadlines ${atMs}` });
      },
    })),
    dependencies,
    known,
  );
}
