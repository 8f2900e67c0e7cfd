import type { Readable } from 'node:stream';
import type { ChatSession, Profile } from './domain/session.ts';
import type { Author, NewTranscriptMessage, TranscriptAttachment, TranscriptMessage } from './domain/transcript.ts';

export interface Sessions {
  create(session: ChatSession): Promise<void>;
  find(sessionId: string): Promise<ChatSession | undefined>;
  findAll(sessionIds: readonly string[]): Promise<ChatSession[]>;
  /** Returns the session after the change, or undefined when there is none. */
  change(sessionId: string, profile: Profile): Promise<ChatSession | undefined>;
  /** Raises marks; a mark never goes back. */
  raiseMark(
    sessionId: string,
    mark: 'deliveredSequence' | 'readSequence' | 'agentReadSequence',
    sequence: number,
  ): Promise<void>;
  /** Takes one of the session's uploads. False when it has used all `max`. */
  claimUpload(sessionId: string, max: number): Promise<boolean>;
  /** Gives one back whose file was refused. */
  returnUpload(sessionId: string): Promise<void>;
}

export interface Transcript {
  /**
   * Puts a message at the end. A message whose id is there already stays where and as it is, and that is returned.
   * Message n is there only when n − 1 is: whoever reads up to n misses nothing.
   */
  add(message: NewTranscriptMessage): Promise<TranscriptMessage>;
  /** In sequence order. */
  after(sessionId: string, sequence: number, limit: number): Promise<TranscriptMessage[]>;
  /** 0 when the session has no messages. */
  lastSequence(sessionId: string): Promise<number>;
  at(sessionId: string, sequence: number): Promise<TranscriptMessage | undefined>;
  /** The session's messages not known to be in the log, in sequence order. */
  pending(sessionId: string): Promise<TranscriptMessage[]>;
  /** Sessions with messages pending since before `beforeMs`. */
  sessionsPendingSince(beforeMs: number): Promise<string[]>;
  markInLog(messageIds: readonly string[]): Promise<void>;
  /** What the visitor was written between two sequences (`after` exclusive, `upTo` inclusive), in order. */
  writtenByUs(sessionId: string, after: number, upTo: number): Promise<TranscriptMessage[]>;
}

/** A file taken from a visitor, not yet or already part of a message. */
export interface Upload {
  readonly id: string;
  readonly sessionId: string;
  readonly attachment: TranscriptAttachment;
  readonly atMs: number;
}

export interface Uploads {
  add(upload: Upload): Promise<void>;
  /** Those of the ids that are this session's. */
  find(sessionId: string, uploadIds: readonly string[]): Promise<Upload[]>;
}

export type Progress = 'delivered' | 'read';

/** What we publish. Everything resolves when it is durable; publishing a fact again repeats its id. */
export interface ChatEvents {
  /** Lets a message in until what is returned is disposed. @throws OverloadedError when it should come again later. */
  admit(bytes: number): Disposable;
  /** A visitor's messages, in order. */
  received(session: ChatSession, messages: readonly TranscriptMessage[]): Promise<void>;
  /** How far messages of ours have got. */
  progressed(messages: readonly TranscriptMessage[], progress: Progress): Promise<void>;
  typing(sessionId: string, active: boolean): Promise<void>;
}

/** A message to a visitor as the core wants it sent. */
export interface MessageToVisitor {
  readonly id: string;
  readonly sessionId: string;
  readonly ticketId: string;
  readonly author: Exclude<Author, 'customer'>;
  readonly authorName: string;
  readonly text: string;
  readonly attachments: readonly TranscriptAttachment[];
}

/** The bytes of files. */
export interface FileStore {
  /** Resolves when they are durable; nothing is kept of what is too large. */
  put(
    content: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ readonly key: string; readonly size: number; readonly sha256: string } | 'too large'>;
  get(key: string): Promise<Readable | undefined>;
}

/** Proof of who a client is, on any replica. */
export interface SessionTokens {
  issue(sessionId: string): Promise<{ readonly token: string; readonly expiresAtMs: number }>;
  /** The session a token was issued for, or undefined when it is none of ours or has expired. */
  verify(token: string): Promise<string | undefined>;
}
