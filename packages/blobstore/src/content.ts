import { BlobTooLargeError } from './port.ts';

/** Content up to this size stays in memory until its hash is known; what is larger goes to a temporary file. */
export const spoolBytes = 256 * 1024;

/**
 * The content in chunks. Ends the source when it stops early.
 * @throws BlobTooLargeError once more than `maxBytes` came.
 */
export async function* limitedChunks(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    size += chunk.length;
    if (size > maxBytes) throw new BlobTooLargeError(maxBytes);
    yield chunk;
  }
}

/** Whether a key can be one of ours: a SHA-256 in lower-case hexadecimal. Keeps paths out of file names. */
export function isKey(key: string): boolean {
  return /^[0-9a-f]{64}$/.test(key);
}
