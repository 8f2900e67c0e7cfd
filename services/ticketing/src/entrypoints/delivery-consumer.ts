import { decodeEvent, MalformedEventError, topics } from '@tributary/contracts';
import { type ConsumeOptions, decodeBatch, type LogRecord } from '@tributary/eventlog';
import { fromDelivery } from '../contracts/from-contract.ts';
import type { DeliveryReport } from '../usecases/record-deliveries.ts';

/**
 * Consumes what the gateways say of outbound messages. Reports that can never be recorded go to the dead-letter topic.
 * @param record Records reports; returns those that never can be, with the reason.
 */
export function consumeDeliveries(
  record: (reports: readonly DeliveryReport[]) => Promise<ReadonlyMap<DeliveryReport, string>>,
): ConsumeOptions {
  return {
    group: 'ticketing',
    topics: [topics.delivery.name],
    async handle(batch) {
      const decoded = await decodeBatch(batch, readReport);
      const reports = new Map(decoded.map(({ message, record: logRecord }) => [message, logRecord]));
      for (const [report, reason] of await record([...reports.keys()])) {
        const logRecord = reports.get(report);
        if (logRecord !== undefined) await batch.deadLetter(logRecord, new Error(reason));
      }
    },
  };
}

function readReport(logRecord: LogRecord): DeliveryReport {
  const delivery = decodeEvent(topics.delivery, logRecord);
  const command = fromDelivery(delivery);
  if (command === undefined) throw new MalformedEventError('status must be SENT, DELIVERED, READ, FAILED or UNCERTAIN');
  const { id, ticketId, channel } = delivery;
  return { id, ticketId, channel, command, traceparent: logRecord.headers.traceparent };
}
