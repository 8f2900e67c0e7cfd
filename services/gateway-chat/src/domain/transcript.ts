/** A file that came or goes with a chat message. */
export interface TranscriptAttachment {
  /** Without path parts. Empty when it has none. */
  readonly name: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly blobKey: string;
}

/** Who wrote a message: the visitor, a person on our side, or a machine on our side. */
export type Author = 'customer' | 'agent' | 'system';

/** A message before it has its place in the transcript. */
export interface NewTranscriptMessage {
  /** `InboundMessage.id` or `OutboundMessage.id`. */
  readonly id: string;
  readonly sessionId: string;
  readonly author: Author;
  /** As shown to the visitor. Empty for the visitor's own and for automatic messages. */
  readonly authorName: string;
  readonly text: string;
  readonly attachments: readonly TranscriptAttachment[];
  /** When we took it. */
  readonly atMs: number;
  /** The id the visitor's client made. Absent for ours. */
  readonly clientId?: string | undefined;
  /** When the visitor's client says it was written. Absent for ours and when it did not say. */
  readonly writtenAtMs?: number | undefined;
  /** The page it was written on. Absent for ours and when unknown. */
  readonly pageUrl?: string | undefined;
  /** Absent for the visitor's. */
  readonly ticketId?: string | undefined;
  /** When it was stored without being known to be in the log. Absent once it is; always absent for ours. */
  readonly pendingSinceMs?: number | undefined;
}

/** A message at its place: 1, 2, 3 … per session, without gap or repeat. */
export interface TranscriptMessage extends NewTranscriptMessage {
  readonly sequence: number;
}

/**
 * What of `messages` may be sent to someone who has everything up to `lastSent`: what follows without a gap.
 * @param messages In sequence order; what is already sent is passed over.
 */
export function inUnbrokenOrder(messages: readonly TranscriptMessage[], lastSent: number): TranscriptMessage[] {
  const sendable: TranscriptMessage[] = [];
  let next = lastSent + 1;
  for (const message of messages) {
    if (message.sequence < next) continue;
    if (message.sequence > next) break;
    sendable.push(message);
    next++;
  }
  return sendable;
}

/**
 * Where a returning client goes on.
 * @param lastSeen What the client says it has.
 * @param lastSequence What the transcript has. When the client claims more, its copy is of a transcript we no longer have
 *   (restored from a backup): it starts again from 0.
 */
export function resumeFrom(lastSeen: number, lastSequence: number): number {
  return lastSeen > lastSequence ? 0 : lastSeen;
}
