import { Delivery, DeliveryStatus, encodeEvent, hashId, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { Logger } from '@tributary/runtime';
import { coalesce } from './coalesce.ts';
import type { FinalState, OutboundRow, OutboundRows, Outcome } from './outbound-rows.ts';

const statusOf: Readonly<Record<FinalState, DeliveryStatus>> = {
  sent: DeliveryStatus.DELIVERY_STATUS_SENT,
  failed: DeliveryStatus.DELIVERY_STATUS_FAILED,
  uncertain: DeliveryStatus.DELIVERY_STATUS_UNCERTAIN,
};

interface Report {
  readonly row: OutboundRow;
  readonly outcome: Outcome;
}

/** What became of a message, as the event everyone gets. The same outcome always has the same id. */
function deliveryOf(row: OutboundRow, outcome: Outcome, channel: string): Delivery {
  return Delivery.fromPartial({
    id: hashId('delivery', row._id, outcome.state, outcome.recipient),
    outboundMessageId: row._id,
    ticketId: row.ticketId,
    channel,
    account: row.account,
    conversationKey: row.conversationKey,
    status: statusOf[outcome.state],
    providerMessageId: outcome.providerMessageId,
    reason: outcome.reason,
    providerCode: outcome.providerCode,
    time: new Date(outcome.atMs),
  });
}

/** Tells the log what became of messages: first the event, then the note that it was told. */
export function createDeliveryReports(options: {
  readonly channel: string;
  readonly eventLog: EventLog;
  readonly rows: OutboundRows;
  readonly logger: Logger;
}) {
  let fault: string | undefined;
  const source = `tributary/gateway-${options.channel}`;
  const tell = coalesce<Report, void>(async (reports) => {
    const events = reports.map(({ row, outcome }) => deliveryOf(row, outcome, options.channel));
    await options.eventLog.append(events.map((delivery) => encodeEvent(topics.delivery, delivery, source)));
    await options.rows.reported(reports.map(({ row, outcome }) => ({ id: row._id, outcome })));
    return reports.map(() => undefined);
  });
  return {
    /** Never rejects: what cannot be told now is told by the sweep, for the row says that it was not. */
    async report(row: OutboundRow, outcome: Outcome): Promise<void> {
      try {
        await tell({ row, outcome });
        fault = undefined;
      } catch (error) {
        fault = (error as Error).message;
        options.logger.warn({ err: error, outboundMessageId: row._id }, 'a delivery is not reported yet');
      }
    },
    problems: () => (fault === undefined ? [] : [`deliveries cannot be reported: ${fault}`]),
  };
}
