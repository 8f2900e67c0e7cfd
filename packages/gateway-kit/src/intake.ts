import { deadLetterTopic, encodeEvent, type InboundMessage, type Topic, topics } from '@tributary/contracts';
import { deadLetterHeaders, type EventLog } from '@tributary/eventlog';
import type { Clock } from '@tributary/runtime';
import { Admission } from './admission.ts';
import type { Inbox } from './channel.ts';
import { countReceived } from './telemetry.ts';

/** The part of an inbox that brings messages into the log. */
export type Intake = Pick<Inbox, 'admit' | 'accept' | 'count' | 'deadLetter'>;

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

  async function append(topic: Topic<InboundMessage>, messages: readonly InboundMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const records = messages.map((message) => {
      for (const field of ['id', 'channel', 'account', 'conversationKey'] as const) {
        if (message[field] === '') throw new TypeError(`an inbound message needs ${field}`);
      }
      return encodeEvent(topic, message, source);
    });
    await admission.during(() => eventLog.append(records));
  }

  return {
    admit: (bytes) => admission.admit(bytes),
    async accept(...messages) {
      await append(topics.inbound, messages);
      for (const { channel } of messages) countReceived(channel);
    },
    count: (...messages) => append(topics.mentions, messages),
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
