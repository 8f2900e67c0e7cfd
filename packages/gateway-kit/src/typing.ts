import { decodeEvent, SignalKind, topics } from '@tributary/contracts';
import type { Consumer, EventLog } from '@tributary/eventlog';
import type { Logger, Service } from '@tributary/runtime';
import type { Channel } from './channel.ts';

/** Tells a channel that an agent types. Every replica hears it; showing it twice is harmless, and losing it too. */
export function showTyping(channel: Channel, eventLog: EventLog, logger: Logger): Service {
  let tail: Consumer | undefined;
  return {
    async start() {
      tail = await eventLog.tail({
        topics: [topics.signals.name],
        from: 'end',
        async handle(record) {
          try {
            const signal = decodeEvent(topics.signals, record);
            const starts = signal.kind === SignalKind.SIGNAL_KIND_TYPING_STARTED;
            if (starts && signal.fromAgent && signal.channel === channel.name) {
              await channel.typing?.(signal.conversationKey);
            }
          } catch (error) {
            logger.debug({ channel: channel.name, err: error }, 'typing is not shown');
          }
        },
      });
    },
    stop: async () => tail?.stop(),
    problems: () => [],
  };
}
