import {
  Automatic,
  type InboundMessage,
  MessageKind,
  SignalKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import type { Inbox } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import { type ChatSession, conversationKeyOf } from '../domain/session.ts';
import type { TranscriptMessage } from '../domain/transcript.ts';
import type { ChatEvents } from '../ports.ts';

const channel = 'chat';

/** What visitors do, for the core. */
export function inboxChatEvents(inbox: Inbox, clock: Clock): ChatEvents {
  return {
    admit: (bytes) => inbox.admit(bytes),
    received: (session, messages) => inbox.accept(...messages.map((message) => toInbound(session, message))),
    async progressed(messages, status) {
      await Promise.all(messages.map(({ id }) => inbox.report(id, { status })));
    },
    typing: (sessionId, active) =>
      inbox.signal({
        conversationKey: conversationKeyOf(sessionId),
        channel,
        ticketId: '',
        kind: active ? SignalKind.SIGNAL_KIND_TYPING_STARTED : SignalKind.SIGNAL_KIND_TYPING_STOPPED,
        fromAgent: false,
        authorName: '',
        time: new Date(clock.now()),
      }),
  };
}

function toInbound(session: ChatSession, message: TranscriptMessage): InboundMessage {
  return {
    id: message.id,
    channel,
    account: session.site,
    providerMessageId: message.clientId ?? '',
    conversationKey: conversationKeyOf(session.id),
    sender: {
      kind: channel,
      address: session.id,
      displayName: session.name,
      verification: Verification.VERIFICATION_CHANNEL,
    },
    // What the visitor typed into the form proves nothing: it is there for the agent, beside the sender.
    participants:
      session.email === ''
        ? []
        : [
            {
              kind: 'email',
              address: session.email,
              displayName: session.name,
              verification: Verification.VERIFICATION_CLAIMED,
            },
          ],
    subject: '',
    text: message.text,
    quotedText: '',
    html: '',
    attachments: message.attachments.map(({ name, mediaType, size, sha256, blobKey }) => ({
      blob: { key: blobKey, mediaType, size: BigInt(size), sha256 },
      name,
      contentId: '',
    })),
    references: [],
    replyToTicketId: '',
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    visibility: Visibility.VISIBILITY_PRIVATE,
    parentProviderMessageId: '',
    automatic: Automatic.AUTOMATIC_NONE,
    bounce: undefined,
    call: undefined,
    languageHint: session.language,
    regionHint: '',
    providerTime: message.writtenAtMs === undefined ? undefined : new Date(message.writtenAtMs),
    receivedTime: new Date(message.atMs),
    raw: undefined,
    refusals: [],
    attributes: message.pageUrl === undefined ? {} : { page_url: message.pageUrl },
  };
}
