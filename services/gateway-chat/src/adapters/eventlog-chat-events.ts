import {
  Automatic,
  type Delivery,
  DeliveryStatus,
  encodeEvent,
  hashId,
  type InboundMessage,
  MessageKind,
  type Signal,
  SignalKind,
  topics,
  Verification,
  Visibility,
} from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { Clock } from '@tributary/runtime';
import { type ChatSession, conversationKeyOf } from '../domain/session.ts';
import type { TranscriptMessage } from '../domain/transcript.ts';
import type { ChatEvents, Progress } from '../ports.ts';

const source = 'tributary/gateway-chat';
const channel = 'chat';

/** Publishes on messages.inbound.v1, messages.delivery.v1 and messages.signals.v1. */
export function eventlogChatEvents(eventLog: EventLog, clock: Clock): ChatEvents {
  return {
    async received(session, messages) {
      await eventLog.append(
        messages.map((message) => encodeEvent(topics.inbound, toInbound(session, message), source)),
      );
    },
    async progressed(session, messages, progress) {
      const conversation = { account: session.site, conversationKey: conversationKeyOf(session.id) };
      await eventLog.append(
        messages.map(({ id, ticketId = '' }) =>
          encodeEvent(
            topics.delivery,
            toDelivery({ ...conversation, id, ticketId }, statuses[progress], clock),
            source,
          ),
        ),
      );
    },
    async undeliverable(message, reason) {
      const delivery = toDelivery(message, DeliveryStatus.DELIVERY_STATUS_FAILED, clock);
      await eventLog.append([encodeEvent(topics.delivery, { ...delivery, reason }, source)]);
    },
    async typing(sessionId, active) {
      const signal: Signal = {
        conversationKey: conversationKeyOf(sessionId),
        channel,
        ticketId: '',
        kind: active ? SignalKind.SIGNAL_KIND_TYPING_STARTED : SignalKind.SIGNAL_KIND_TYPING_STOPPED,
        fromAgent: false,
        authorName: '',
        time: new Date(clock.now()),
      };
      await eventLog.append([encodeEvent(topics.signals, signal, source)]);
    },
  };
}

const statuses: Readonly<Record<Progress, DeliveryStatus>> = {
  sent: DeliveryStatus.DELIVERY_STATUS_SENT,
  delivered: DeliveryStatus.DELIVERY_STATUS_DELIVERED,
  read: DeliveryStatus.DELIVERY_STATUS_READ,
};

function toDelivery(
  message: { id: string; ticketId: string; account: string; conversationKey: string },
  status: DeliveryStatus,
  clock: Clock,
): Delivery {
  return {
    id: hashId('delivery', message.id, status, message.conversationKey),
    outboundMessageId: message.id,
    ticketId: message.ticketId,
    channel,
    account: message.account,
    conversationKey: message.conversationKey,
    status,
    // We are the provider: our id is the provider's.
    providerMessageId: status === DeliveryStatus.DELIVERY_STATUS_FAILED ? '' : message.id,
    reason: '',
    providerCode: '',
    time: new Date(clock.now()),
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
