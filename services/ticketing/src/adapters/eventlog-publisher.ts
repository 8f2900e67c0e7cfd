import { encodeEvent, topics } from '@tributary/contracts';
import type { EventLog, NewRecord } from '@tributary/eventlog';
import { toOutboundMessage, toTicketEvent } from '../contracts/to-contract.ts';
import type { TicketNews } from '../usecases/relay-events.ts';

const source = 'tributary/ticketing';

/** Appends ticket events, and the outbound messages they cause, to the event log in one append. */
export function publishTo(eventLog: EventLog): (news: readonly TicketNews[]) => Promise<void> {
  return async (news) => {
    const records: NewRecord[] = [];
    for (const { ticket, events } of news) {
      for (const event of events) {
        records.push(encodeEvent(topics.ticketEvents, toTicketEvent(ticket, event), source));
        const outbound = toOutboundMessage(ticket, event);
        if (outbound !== undefined) records.push(encodeEvent(topics.outbound, outbound, source));
      }
    }
    await eventLog.append(records);
  };
}
