import { decodeEvent, MalformedEventError, SignalKind, topics } from '@tributary/contracts';
import type { Consumer, EventLog, LogRecord } from '@tributary/eventlog';
import { sessionIdOf } from '../domain/session.ts';
import type { ChatContext } from './chat-context.ts';

/** A mark is raised after its event; by then it is. */
const markDelayMs = 1000;

/**
 * Reads along on every replica, so that a connection here learns of what another replica stored. A record only says that
 * there is something to look for: the transcript is written before the record is appended, and is what is sent.
 */
export function tailForWakeUps(eventLog: EventLog, context: ChatContext): Promise<Consumer> {
  return eventLog.tail({
    topics: [topics.inbound.name, topics.delivery.name, topics.signals.name],
    from: 'end',
    handle(record) {
      const sessionId = sessionIdOf(record.key);
      if (sessionId === undefined) return;
      const connections = [...context.hub.ofSession(sessionId)];
      if (connections.length === 0) return;
      if (record.topic === topics.signals.name) showTyping(record, context, sessionId);
      else for (const connection of connections) connection.wake();
      if (record.topic === topics.delivery.name) {
        context.clock.setTimer(markDelayMs, () => {
          for (const connection of connections) connection.wake();
        });
      }
    },
  });
}

function showTyping(record: LogRecord, { hub, logger }: ChatContext, sessionId: string): void {
  try {
    const signal = decodeEvent(topics.signals, record);
    if (!signal.fromAgent) return;
    const active = signal.kind === SignalKind.SIGNAL_KIND_TYPING_STARTED;
    for (const connection of hub.ofSession(sessionId)) connection.showTyping(active, signal.authorName);
  } catch (error) {
    if (!(error instanceof MalformedEventError)) throw error;
    // A signal may be lost without harm, and whoever tails cannot put a record aside.
    logger.debug({ err: error }, 'unreadable signal');
  }
}
