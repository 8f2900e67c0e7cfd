import type { RecordDelivery } from '../domain/commands.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';
import { decideInTurn, type Turn } from './decide-in-turn.ts';

/** What a gateway says became of an outbound message. */
export interface DeliveryReport {
  readonly id: string;
  readonly ticketId: string;
  readonly channel: string;
  readonly command: RecordDelivery;
  /** W3C trace context in which it came. */
  readonly traceparent?: string | undefined;
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
          const turns = (byTicket.get(ticketId) ?? []).map(
            (report): Turn => ({
              command: report.command,
              actor: { kind: 'system', id: `gateway-${report.channel}`, displayName: '' },
              commandId: report.id,
              traceparent: report.traceparent,
              rejected: (reason) => impossible.set(report, reason),
            }),
          );
          return decideInTurn(current?.ticket, turns, dependencies);
        },
      })),
    dependencies,
    known,
  );
  return impossible;
}
