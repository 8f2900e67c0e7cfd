import { deadLetterTopic, encodeEvent, type InboundMessage, topics } from '@tributary/contracts';
import { deadLetterHeaders, type EventLog } from '@tributary/eventlog';

/** Where every channel hands over what customers wrote. */
export interface Intake {
  /**
   * Puts messages into the log, in this order; resolves when all are durable, and only then may the provider be told.
   * Accepting a message again is harmless: its id is the same and the core drops the repeat.
   * @throws what the log throws; then it is unknown which of them are in the log.
   */
  accept(...messages: readonly InboundMessage[]): Promise<void>;
  /**
   * Tells the operator, among the dead letters, of a message that could not be read as its channel means it. It is
   * accepted all the same, as far as it could be read; replaying the letter changes nothing.
   */
  deadLetter(message: InboundMessage, cause: string): Promise<void>;
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
    async deadLetter(message, cause) {
      const { topic, headers, ...record } = encodeEvent(topics.inbound, message, source);
      const origin = {
        [deadLetterHeaders.cause]: cause.slice(0, 500),
        [deadLetterHeaders.topic]: topic,
        [deadLetterHeaders.group]: source,
        [deadLetterHeaders.time]: (message.receivedTime ?? new Date(0)).toISOString(),
      };
      await eventLog.append([{ ...record, topic: deadLetterTopic(topic), headers: { ...headers, ...origin } }]);
    },
  };
}
