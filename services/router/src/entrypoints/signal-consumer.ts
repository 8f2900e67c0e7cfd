import { decodeEvent, MalformedEventError, SignalKind, topics } from '@tributary/contracts';
import type { Batch } from '@tributary/eventlog';
import type { RoutingContext } from '../usecases/context.ts';
import { customersLeft, type Departure } from '../usecases/customers-left.ts';

/** Handles a batch of messages.signals.v1: only customers who leave matter here. */
export async function handleSignals(context: RoutingContext, batch: Batch): Promise<void> {
  const departures: Departure[] = [];
  for (const record of batch.records) {
    try {
      const { kind, fromAgent, channel, conversationKey, time } = decodeEvent(topics.signals, record);
      if (kind !== SignalKind.SIGNAL_KIND_CUSTOMER_LEFT || fromAgent) continue;
      departures.push({ channel, conversationKey, atMs: time?.getTime() ?? record.timestampMs });
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      await batch.deadLetter(record, error);
    }
  }
  await customersLeft(context, departures);
}
