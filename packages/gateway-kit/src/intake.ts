import { encodeEvent, type InboundMessage, topics } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';

/** Where every channel hands over what customers wrote. */
export interface Intake {
  /**
   * Puts messages into the log, in this order; resolves when all are durable, and only then may the provider be told.
   * Accepting a message again is harmless: its id is the same and the core drops the repeat.
   * @throws what the log throws; then it is unknown which of them are in the log.
   */
  accept(...messages: readonly InboundMessage[]): Promise<void>;
}

/** @param source CloudEvents `source`, for example `tributary/gateway-email`. */
export function createIntake({ eventLog, source }: { eventLog: EventLog; source: string }): Intake {
  return {
    async accept(...messages) {
      if (messages.length === 0) return;
      await eventLog.append(
        messages.map((message) => {
          for (const field of ['id', 'channel', 'account', 'conversationKey'] as const) {
            if (message[field] === '') throw new TypeError(`an inbound message needs ${field}`);
          }
          return encodeEvent(topics.inbound, message, source);
        }),
      );
    },
  };
}
