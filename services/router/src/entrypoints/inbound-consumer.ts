import { decodeEvent, MalformedEventError, topics } from '@tributary/contracts';
import type { Batch, LogRecord } from '@tributary/eventlog';
import type { RoutingContext } from '../usecases/context.ts';
import { type ReceivedMessage, routeMessages } from '../usecases/route-messages.ts';

/** Handles a batch of messages.inbound.v1. What can never be a message on a ticket goes to the dead letters. */
export async function handleInbound(context: RoutingContext, batch: Batch): Promise<void> {
  const received: (ReceivedMessage & { readonly record: LogRecord })[] = [];
  for (const record of batch.records) {
    try {
      const message = decodeEvent(topics.inbound, record);
      const { traceparent } = record.headers;
      received.push({ message, bytes: record.value.byteLength, traceparent, record });
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      await batch.deadLetter(record, error);
    }
  }
  if (received.length === 0) return;
  for (const { index, error } of await routeMessages(context, received)) {
    const record = received[index]?.record;
    if (record !== undefined) await batch.deadLetter(record, new Error(`ticketing refused the message: ${error}`));
  }
}
