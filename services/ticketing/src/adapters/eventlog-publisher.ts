import { encodeEvent, type Signal, SignalKind, topics } from '@tributary/contracts';
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { toOutboundMessage, toTicketEvent } from '../contracts/to-contract.ts';
import { countEvents } from '../telemetry.ts';
import type { TicketNews } from '../usecases/relay-events.ts';
import type { TypingSignal } from '../usecases/signal-typing.ts';

const source = 'tributary/ticketing';

/** Appends to the event log that an agent types. */
export function signalTo(eventLog: EventLog): (signal: TypingSignal) => Promise<void> {
  return async ({ ticket, active, authorName, atMs }) => {
    const signal: Signal = {
      conversationKey: ticket.conversationKey,
      channel: ticket.channel,
      ticketId: ticket.id,
      kind: active ? SignalKind.SIGNAL_KIND_TYPING_STARTED : SignalKind.SIGNAL_KIND_TYPING_STOPPED,
      fromAgent: true,
      authorName,
      time: new Date(atMs),
    };
    await eventLog.append([encodeEvent(topics.signals, signal, source)]);
  };
}

/** Appends ticket events, and the outbound messages they cause, to the event log in one append. */
export function publishTo(eventLog: EventLog): (news: readonly TicketNews[]) => Promise<void> {
  return async (news) => {
    const records: NewRecord[] = [];
    for (const { ticket, events } of news) {
      for (const event of events) {
        const { traceparent } = event;
        records.push(encodeEvent(topics.ticketEvents, toTicketEvent(ticket, event), source, traceparent));
        const outbound = toOutboundMessage(ticket, event);
        if (outbound !== undefined) records.push(encodeEvent(topics.outbound, outbound, source, traceparent));
      }
    }
    await eventLog.append(records);
    for (const { events } of news) countEvents(events);
  };
}
