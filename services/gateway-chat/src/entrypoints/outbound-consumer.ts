import { decodeEvent, MalformedEventError, type OutboundMessage, OutboundPurpose, topics } from '@tributary/contracts';
import type { Batch, Consumer, EventLog, LogRecord } from '@tributary/eventlog';
import { type ChatSession, sessionIdOf } from '../domain/session.ts';
import type { MessageToVisitor } from '../ports.ts';
import { deliverMessages } from '../usecases/deliver-messages.ts';
import type { ChatContext } from './chat-context.ts';

interface Addressed {
  readonly record: LogRecord;
  readonly message: OutboundMessage;
}

/** Sessions do not wait for each other; within one, order holds. */
const sessionsAtOnce = 25;

/** Consumes messages.outbound.v1 as the group `gateway-chat` and takes what is for the channel chat. */
export function consumeOutbound(eventLog: EventLog, context: ChatContext): Promise<Consumer> {
  return eventLog.consume({
    group: 'gateway-chat',
    topics: [topics.outbound.name],
    handle: (batch) => handle(batch, context),
  });
}

async function handle(batch: Batch, context: ChatContext): Promise<void> {
  const bySession = Map.groupBy(await decode(batch), ({ message }) => sessionIdOf(message.conversationKey) ?? '');
  const sessions = await context.sessions.findAll([...bySession.keys()]);
  const found = new Map(sessions.map((session) => [session.id, session]));
  const waiting = [...bySession];
  while (waiting.length > 0) {
    batch.signal.throwIfAborted();
    await Promise.all(
      waiting
        .splice(0, sessionsAtOnce)
        .map(([sessionId, addressed]) => deliverToSession(batch, found.get(sessionId), addressed, context)),
    );
  }
}

async function deliverToSession(
  batch: Batch,
  session: ChatSession | undefined,
  addressed: readonly Addressed[],
  context: ChatContext,
): Promise<void> {
  if (session !== undefined) {
    const messages = addressed.map(({ message }) => toVisitor(session.id, message));
    return deliverMessages(context, session, messages, context.clock.now());
  }
  for (const { record, message } of addressed) await refuseUnknown(batch, record, message, context);
}

/** What of a batch is for us. What cannot be read is put aside. */
async function decode(batch: Batch): Promise<Addressed[]> {
  const addressed: Addressed[] = [];
  for (const record of batch.records) {
    try {
      const message = decodeEvent(topics.outbound, record);
      if (message.channel === 'chat') addressed.push({ record, message });
    } catch (error) {
      if (!(error instanceof MalformedEventError)) throw error;
      await batch.deadLetter(record, error);
    }
  }
  return addressed;
}

async function refuseUnknown(batch: Batch, record: LogRecord, message: OutboundMessage, context: ChatContext) {
  const reason = `conversation_key: there is no chat session ${message.conversationKey}`;
  context.logger.warn({ messageId: message.id, ticketId: message.ticketId }, 'no such chat session');
  await batch.deadLetter(record, new Error(reason));
  await context.events.undeliverable(message, reason);
}

function toVisitor(sessionId: string, message: OutboundMessage): MessageToVisitor {
  return {
    id: message.id,
    sessionId,
    ticketId: message.ticketId,
    author: isFromPerson(message) ? 'agent' : 'system',
    authorName: message.authorName,
    text: message.text,
    attachments: message.attachments.flatMap(({ blob, name }) =>
      blob === undefined
        ? []
        : [{ name, mediaType: blob.mediaType, size: Number(blob.size), sha256: blob.sha256, blobKey: blob.key }],
    ),
  };
}

function isFromPerson({ purpose }: OutboundMessage): boolean {
  return purpose === OutboundPurpose.OUTBOUND_PURPOSE_REPLY || purpose === OutboundPurpose.OUTBOUND_PURPOSE_UNSPECIFIED;
}
