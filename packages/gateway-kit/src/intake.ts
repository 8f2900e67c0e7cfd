import { deadLetterTopic, encodeEvent, topics } from '@tributary/contracts';
import { deadLetterHeaders, type EventLog } from '@tributary/eventlog';
import type { Inbox } from './channel.ts';
import { countReceived } from './telemetry.ts';

/** The part of an inbox that leads into messages.inbound.v1. */
export type Intake = Pick<Inbox, 'accept' | 'deadLetter'>;

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
      for (const { channel } of messages) countReceived(channel);
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
