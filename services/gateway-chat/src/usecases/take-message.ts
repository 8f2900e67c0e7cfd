import { cleanText } from '../domain/clean-text.ts';
import { ChatRefusal } from '../domain/refusal.ts';
import type { ChatSession } from '../domain/session.ts';
import type { TranscriptAttachment, TranscriptMessage } from '../domain/transcript.ts';
import type { ChatEvents, Transcript, Uploads } from '../ports.ts';
import { settlePending } from './settle-pending.ts';

/** A message as the visitor's client sends it. */
export interface VisitorMessage {
  /** `InboundMessage.id`, made from session and client id. */
  readonly id: string;
  readonly clientId: string;
  readonly text: string;
  readonly uploadIds: readonly string[];
  readonly writtenAtMs: number | undefined;
  readonly pageUrl: string | undefined;
}

interface MessageLimits {
  /** Characters as JavaScript counts them (UTF-16 code units). */
  readonly textCharacters: number;
  readonly uploadsPerMessage: number;
}

interface Dependencies {
  readonly transcript: Transcript;
  readonly uploads: Uploads;
  readonly events: ChatEvents;
  readonly limits: MessageLimits;
}

/**
 * Takes a visitor's message: first into the transcript as pending, then into the log, then it counts as accepted. A crash
 * between the two leaves a pending message that the client's repeat or `settlePending` brings into the log.
 * @returns the message at its place, when it is durable in both. A repeat (same id) returns what the first one stored.
 * @throws ChatRefusal when it breaks a rule; then nothing is stored.
 */
export async function takeMessage(
  { transcript, uploads, events, limits }: Dependencies,
  session: ChatSession,
  message: VisitorMessage,
  nowMs: number,
): Promise<TranscriptMessage> {
  const text = cleanText(message.text);
  refuseBad(text, message, limits);
  const attachments = await attachmentsOf(uploads, session.id, message.uploadIds);
  const stored = await transcript.add({
    id: message.id,
    sessionId: session.id,
    author: 'customer',
    authorName: '',
    text,
    attachments,
    atMs: nowMs,
    clientId: message.clientId,
    writtenAtMs: message.writtenAtMs,
    pageUrl: message.pageUrl,
    pendingSinceMs: nowMs,
  });
  if (stored.pendingSinceMs !== undefined) await settlePending({ transcript, events }, session);
  return stored;
}

function refuseBad(text: string, message: VisitorMessage, limits: MessageLimits): void {
  if (text.length > limits.textCharacters) {
    throw new ChatRefusal('too_large', `text: at most ${limits.textCharacters} characters, has ${text.length}`, {
      field: 'text',
      limit: limits.textCharacters,
    });
  }
  if (message.uploadIds.length > limits.uploadsPerMessage) {
    throw new ChatRefusal(
      'too_large',
      `uploads: at most ${limits.uploadsPerMessage} on one message, has ${message.uploadIds.length}`,
      { field: 'uploads', limit: limits.uploadsPerMessage },
    );
  }
  if (text.trim() === '' && message.uploadIds.length === 0) {
    throw new ChatRefusal('bad_frame', 'text: must not be empty unless there are uploads', { field: 'text' });
  }
}

async function attachmentsOf(
  uploads: Uploads,
  sessionId: string,
  uploadIds: readonly string[],
): Promise<TranscriptAttachment[]> {
  if (uploadIds.length === 0) return [];
  const found = new Map((await uploads.find(sessionId, uploadIds)).map((upload) => [upload.id, upload.attachment]));
  return uploadIds.map((uploadId) => {
    const attachment = found.get(uploadId);
    if (attachment === undefined) {
      throw new ChatRefusal('unknown_upload', `uploads: ${uploadId} is no upload of this session`, {
        field: 'uploads',
      });
    }
    return attachment;
  });
}
