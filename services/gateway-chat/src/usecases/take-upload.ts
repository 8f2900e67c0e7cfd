import { cleanFileName } from '../domain/clean-text.ts';
import { sniffedBytes, sniffMediaType } from '../domain/media-type.ts';
import { ChatRefusal } from '../domain/refusal.ts';
import type { FileStore, Sessions, Upload, Uploads } from '../ports.ts';

interface UploadLimits {
  readonly bytes: number;
  readonly perSession: number;
  readonly mediaTypes: readonly string[];
}

interface Dependencies {
  readonly sessions: Sessions;
  readonly uploads: Uploads;
  readonly files: FileStore;
  readonly limits: UploadLimits;
}

/**
 * Keeps a visitor's file, to be named by a message later.
 * @param file Its media type is what its first bytes show; what the client says of it is not believed.
 * @throws ChatRefusal when it breaks a limit; then nothing is kept.
 */
export async function takeUpload(
  { sessions, uploads, files, limits }: Dependencies,
  file: {
    readonly id: string;
    readonly sessionId: string;
    readonly name: string;
    readonly content: AsyncIterable<Uint8Array>;
  },
  nowMs: number,
): Promise<Upload> {
  if (!(await sessions.claimUpload(file.sessionId, limits.perSession))) {
    throw new ChatRefusal('too_many_uploads', `at most ${limits.perSession} files in one chat`, {
      limit: limits.perSession,
    });
  }
  try {
    const { head, content } = await peek(file.content);
    const mediaType = sniffMediaType(head);
    if (mediaType === undefined || !limits.mediaTypes.includes(mediaType)) {
      throw new ChatRefusal('unsupported_media_type', `file: must be one of ${limits.mediaTypes.join(', ')}`, {
        field: 'file',
        allowed: limits.mediaTypes,
      });
    }
    const stored = await files.put(content, limits.bytes);
    if (stored === 'too large') {
      throw new ChatRefusal('too_large', `file: at most ${limits.bytes} bytes`, { field: 'file', limit: limits.bytes });
    }
    const { key: blobKey, size, sha256 } = stored;
    const upload: Upload = {
      id: file.id,
      sessionId: file.sessionId,
      attachment: { name: cleanFileName(file.name), mediaType, size, sha256, blobKey },
      atMs: nowMs,
    };
    await uploads.add(upload);
    return upload;
  } catch (error) {
    await sessions.returnUpload(file.sessionId);
    throw error;
  }
}

/** The first bytes of a stream, and the whole stream again. */
async function peek(
  content: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; content: AsyncIterable<Uint8Array> }> {
  const chunks = content[Symbol.asyncIterator]();
  const read: Uint8Array[] = [];
  let length = 0;
  while (length < sniffedBytes) {
    const { done, value } = await chunks.next();
    if (done) break;
    read.push(value);
    length += value.length;
  }
  return {
    head: Buffer.concat(read),
    content: (async function* () {
      yield* read;
      yield* { [Symbol.asyncIterator]: () => chunks };
    })(),
  };
}
