import { type OutboundMessage, OutboundPurpose } from '@tributary/contracts';
import { PermanentSendError, type SentMessage } from '@tributary/gateway-kit';
import { sessionIdOf } from '../domain/session.ts';
import type { MessageToVisitor } from '../ports.ts';
import { deliverMessage } from '../usecases/deliver-message.ts';
import type { ChatContext } from './chat-context.ts';

/**
 * Takes a message of ours for a visitor. Once it counts as sent, whoever serves a connection of that session shows it. We are
 * the provider: our id is the provider's, and a repeat is known by it.
 */
export async function sendToVisitor(
  context: Pick<ChatContext, 'sessions' | 'transcript' | 'clock'>,
  message: OutboundMessage,
): Promise<SentMessage> {
  const session = await context.sessions.find(sessionIdOf(message.conversationKey) ?? '');
  if (session === undefined) {
    throw new PermanentSendError(`conversation_key: there is no chat session ${message.conversationKey}`);
  }
  await deliverMessage(context, session, toVisitor(session.id, message), context.clock.now());
  return { providerMessageId: message.id };
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
