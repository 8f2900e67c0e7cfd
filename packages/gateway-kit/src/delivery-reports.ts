import { Delivery, DeliveryStatus, encodeEvent, hashId, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { Logger } from '@tributary/runtime';
import { coalesce } from './coalesce.ts';
import type { FinalState, OutboundRow, OutboundRows, Outcome } from './outbound-rows.ts';

const statusOf: Readonly<Record<ReportedState, DeliveryStatus>> = {
  sent: DeliveryStatus.DELIVERY_STATUS_SENT,
  delivered: DeliveryStatus.DELIVERY_STATUS_DELIVERED,
  read: DeliveryStatus.DELIVERY_STATUS_READ,
  failed: DeliveryStatus.DELIVERY_STATUS_FAILED,
  uncertain: DeliveryStatus.DELIVERY_STATUS_UNCERTAIN,
};

/** What is told of a message: how the sending ended, and what the provider says of it later. */
type ReportedState = FinalState | 'delivered' | 'read';
type Facts = Omit<Outcome, 'state'> & { readonly state: ReportedState };

interface Report {
  readonly row: OutboundRow;
  readonly outcome: Outcome;
}

/** What became of a message, as the event everyone gets. The same outcome always has the same id. */
function deliveryOf(row: OutboundRow, outcome: Facts, channel: string): Delivery {
  return Delivery.fromPartial({
    id: hashId('delivery', row._id, outcome.state, outcome.recipient),
    outboundMessageId: row.messageId ?? row._id,
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

/** Of a message in parts the last one tells the good news, any one the bad. */
function isWholeStory({ partsFollow }: OutboundRow, state: ReportedState): boolean {
  return partsFollow !== true || state === 'failed' || state === 'uncertain';
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
  const append = (reports: readonly { readonly row: OutboundRow; readonly outcome: Facts }[]) =>
    options.eventLog.append(
      reports.map(({ row, outcome }) =>
        encodeEvent(topics.delivery, deliveryOf(row, outcome, options.channel), source, row.traceparent),
      ),
    );
  const tell = coalesce<Report, void>(async (reports) => {
    await append(reports.filter(({ row, outcome }) => isWholeStory(row, outcome.state)));
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
    /** What the provider says later of a message that was sent. Rejects when the log does: the provider is to say it again. */
    async receipt(
      row: OutboundRow,
      facts: Omit<Facts, 'state'> & { readonly state: 'delivered' | 'read' },
    ): Promise<void> {
      if (isWholeStory(row, facts.state)) await append([{ row, outcome: facts }]);
    },
    problems: () => (fault === undefined ? [] : [`deliveries cannot be reported: ${fault}`]),
  };
}
