import type { RecordDelivery } from '../domain/commands.ts';
import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { record } from '../domain/history.ts';
import { Rejection } from '../domain/rejection.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';

/** What a gateway says became of an outbound message. */
export interface DeliveryReport {
  readonly id: string;
  readonly ticketId: string;
  readonly channel: string;
  readonly command: RecordDelivery;
}

/**
 * Notes what became of outbound messages. A repeat changes nothing.
 * @returns reports that can never be recorded, with the reason.
 */
export async function recordDeliveries(
  reports: readonly DeliveryReport[],
  dependencies: ChangeDependencies & { readonly policy: TicketPolicy; now(): number },
): Promise<Map<DeliveryReport, string>> {
  const byTicket = Map.groupBy(reports, ({ ticketId }) => ticketId);
  const known = await dependencies.store.load([...byTicket.keys()]);
  const impossible = new Map<DeliveryReport, string>();
  for (const report of reports) {
    if (!known.has(report.ticketId)) impossible.set(report, `there is no ticket ${report.ticketId}`);
  }
  await changeTickets(
    [...byTicket.keys()]
      .filter((ticketId) => known.has(ticketId))
      .map((ticketId) => ({
        ticketId,
        decide(current) {
          let ticket = current?.ticket;
          const events = [];
          for (const report of byTicket.get(ticketId) ?? []) {
            try {
              const actor = { kind: 'system' as const, id: `gateway-${report.channel}`, displayName: '' };
              const atMs = dependencies.now();
              const changes = decide(report.command, ticket, { nowMs: atMs, actor, policy: dependencies.policy });
              if (changes.length === 0) continue;
              const recorded = record(ticket, changes, { atMs, actor, commandId: report.id });
              ticket = recorded.ticket;
              events.push(...recorded.events);
            } catch (error) {
              if (!(error instanceof Rejection)) throw error;
              impossible.set(report, error.message);
            }
          }
          return { ticket, events };
        },
      })),
    dependencies,
    known,
  );
  return impossible;
}
