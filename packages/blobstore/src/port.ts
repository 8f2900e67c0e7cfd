import type { Readable } from 'node:stream';

/** A stored blob. Structurally the contracts' `BlobRef` without its media type. */
export interface StoredBlob {
  /** Returns the content from `get`. Derived from the content: storing the same bytes again gives the same key. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** Files of messages: GridFS at scale, a directory embedded. Content-addressed, so a repeat costs nothing. */
export interface BlobStore extends AsyncDisposable {
  /**
   * Stores content; resolves when it is durable. Nothing is kept when the content fails or is too large.
   * @throws BlobTooLargeError once more than `maxBytes` came.
   */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: { readonly maxBytes?: number }): Promise<StoredBlob>;
  /** The content, or undefined when there is no such blob. */
  get(key: string): Promise<Readable | undefined>;
  /** Its size in bytes, or undefined when there is no such blob. */
  size(key: string): Promise<number | undefined>;
}

export class BlobTooLargeError extends Error {
  override readonly name = 'BlobTooLargeError';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}
