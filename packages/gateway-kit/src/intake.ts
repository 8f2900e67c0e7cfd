import { deadLetterTopic, encodeEvent, topics } from '@tributary/contracts';
import { deadLetterHeaders, type EventLog } from '@tributary/eventlog';
import type { Clock } from '@tributary/runtime';
import { Admission } from './admission.ts';
import type { Inbox } from './channel.ts';

/** The part of an inbox that leads into messages.inbound.v1. */
export type Intake = Pick<Inbox, 'admit' | 'accept' | 'deadLetter'>;

/** @param source CloudEvents `source`, for example `tributary/gateway-email`. */
export function createIntake({
  eventLog,
  clock,
  source,
}: {
  eventLog: EventLog;
  clock: Clock;
  source: string;
}): Intake {
  const admission = new Admission(clock);
  return {
    admit: (bytes) => admission.admit(bytes),
    async accept(...messages) {
      if (messages.length === 0) return;
      const records = messages.map((message) => {
        for (const field of ['id', 'channel', 'account', 'conversationKey'] as const) {
          if (message[field] === '') throw new TypeError(`an inbound message needs ${field}`);
        }
        return encodeEvent(topics.inbound, message, source);
      });
      await admission.during(() => eventLog.append(records));
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
