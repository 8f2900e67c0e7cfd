import type { Bounce } from './commands.ts';
import type { TicketPolicy } from './decision-context.ts';
import type { IncomingMessage } from './placement.ts';
import {
  type Attachment,
  type Automatic,
  type Blob,
  type Call,
  type ContactPoint,
  type Entry,
  type Grade,
  isCallReport,
  type MessageKind,
  type Refusal,
  type Visibility,
  verifiedKey,
} from './ticket.ts';

/** A customer's message as the core sees it, whatever its channel. */
export interface InboundMessage {
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly providerMessageId: string;
  readonly conversationKey: string;
  readonly sender: ContactPoint;
  readonly participants: readonly ContactPoint[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly Attachment[];
  readonly refusals: readonly Refusal[];
  readonly raw?: Blob;
  readonly references: readonly string[];
  readonly replyToTicketId: string;
  readonly automatic: Automatic;
  /** What it says of one of our messages, when it is a bounce. */
  readonly bounce?: Bounce;
  readonly visibility: Visibility;
  readonly kind: MessageKind;
  /** Of a call or voicemail. */
  readonly call?: Call;
  /** A post or comment, to be answered under it. */
  readonly answeredUnderIt: boolean;
  readonly receivedAtMs: number;
}

/** A message with what the router thinks of it. */
export interface GradedMessage {
  readonly message: InboundMessage;
  readonly grade: Grade;
  /** W3C trace context in which it came. */
  readonly traceparent?: string | undefined;
}

/** Under which a sender is known as a customer. Who is not verified is a customer of this conversation alone. */
export function contactId(message: InboundMessage): string {
  return verifiedKey(message.sender) || `conversation:${message.conversationKey}`;
}

/** What decides where it goes. */
export function incoming(message: InboundMessage, policy: TicketPolicy): IncomingMessage {
  const { channel, account, conversationKey, replyToTicketId, references, automatic, bounce } = message;
  return {
    channel,
    account,
    conversationKey,
    senderKey: verifiedKey(message.sender),
    replyToTicketId,
    references,
    automatic,
    bouncedEntryId: bounce?.entryId ?? '',
    keyProvesSender: policy.liveChannels.has(channel),
    isPublic: message.visibility === 'public',
    publicFirst: policy.publicFirstChannels.has(channel),
    reportsCall: isCallReport({ messageKind: message.kind, ...(message.call !== undefined && { call: message.call }) }),
  };
}

/**
 * Contact keys that a message puts on its ticket: not of addresses that are only claimed, and none for a machine's message,
 * which anyone can forge.
 */
export function participantsOf(message: InboundMessage): string[] {
  if (message.automatic !== 'none') return [];
  return [message.sender, ...message.participants].map(verifiedKey).filter((key) => key !== '');
}

/** The message as an entry of its ticket. */
export function entryOf(message: InboundMessage, customerId: string, nowMs: number): Entry {
  const { sender, html, subject, attachments, refusals, raw, automatic, visibility, providerMessageId } = message;
  return {
    id: message.id,
    kind: 'inbound',
    author: { kind: 'customer', id: customerId, displayName: sender.displayName || sender.address },
    atMs: Math.min(message.receivedAtMs, nowMs),
    text: message.text,
    ...(html !== '' && { html }),
    ...(subject !== '' && { subject }),
    ...(attachments.length > 0 && { attachments }),
    ...(refusals.length > 0 && { refusals }),
    ...(raw !== undefined && { raw }),
    ...(automatic !== 'none' && { automatic }),
    ...(visibility === 'public' && { visibility }),
    ...(message.kind !== 'message' && { messageKind: message.kind }),
    ...(message.call !== undefined && { call: message.call }),
    ...(message.answeredUnderIt && { answeredUnderIt: true }),
    ...(providerMessageId !== '' && { providerMessageId }),
  };
}
