import type { ChatRefusal, RefusalCode } from '../domain/refusal.ts';
import type { Marks } from '../domain/session.ts';
import type { Author, TranscriptMessage } from '../domain/transcript.ts';

/** What the server sends. docs/chat-protocol.md says what each means. */
export type ServerFrame =
  | {
      readonly type: 'welcome';
      readonly version: number;
      readonly sessionId: string;
      readonly token: string;
      readonly tokenExpiresTime: string;
      readonly resumeFrom: number;
      readonly lastSequence: number;
      readonly marks: Marks;
      readonly limits: {
        readonly textCharacters: number;
        readonly uploadBytes: number;
        readonly uploadsPerMessage: number;
        readonly uploadMediaTypes: readonly string[];
      };
      readonly heartbeatMs: number;
    }
  | {
      readonly type: 'ack';
      readonly clientId: string;
      readonly id: string;
      readonly sequence: number;
      readonly time: string;
    }
  | {
      readonly type: 'message';
      readonly sequence: number;
      readonly id: string;
      readonly clientId?: string | undefined;
      readonly author: Author;
      readonly authorName: string;
      readonly text: string;
      readonly attachments: readonly {
        readonly name: string;
        readonly mediaType: string;
        readonly size: number;
        readonly path: string;
      }[];
      readonly time: string;
    }
  | ({ readonly type: 'marks' } & Marks)
  | { readonly type: 'typing'; readonly active: boolean; readonly authorName: string }
  | { readonly type: 'pong' }
  | ({ readonly type: 'error'; readonly clientId?: string | undefined } & ErrorBody);

/** The same in error frames and in HTTP error bodies. */
export interface ErrorBody {
  readonly code: RefusalCode;
  readonly message: string;
  readonly field?: string | undefined;
  readonly limit?: number | undefined;
  readonly allowed?: readonly (string | number)[] | undefined;
  readonly retryAfterMs?: number | undefined;
}

export function errorBody({ code, message, details }: ChatRefusal): ErrorBody {
  return { code, message, ...details };
}

export function messageFrame(message: TranscriptMessage): ServerFrame {
  return {
    type: 'message',
    sequence: message.sequence,
    id: message.id,
    clientId: message.clientId,
    author: message.author,
    authorName: message.authorName,
    text: message.text,
    attachments: message.attachments.map(({ name, mediaType, size }, index) => ({
      name,
      mediaType,
      size,
      path: `/chat/v1/messages/${message.sequence}/attachments/${index}`,
    })),
    time: new Date(message.atMs).toISOString(),
  };
}
