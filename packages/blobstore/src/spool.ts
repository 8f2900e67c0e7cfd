import { createHash } from 'node:crypto';
import { limitedChunks, spoolBytes } from './content.ts';
import { TemporaryFile } from './temporary-file.ts';

/** Content that was taken in whole, with its hash. Disposing it removes its file. */
export interface Spooled extends AsyncDisposable {
  /** Lower-case hexadecimal SHA-256. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** What stayed in memory; empty when there is a file. */
  readonly chunks: readonly Uint8Array[];
  /** Where content above `spoolBytes` is. */
  readonly file: TemporaryFile | undefined;
}

/**
 * Takes content in and hashes it. Small content stays in memory, larger content goes to a file of `folder`.
 * @throws BlobTooLargeError once more than `maxBytes` came.
 */
export async function spool(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  { maxBytes, folder }: { readonly maxBytes: number; readonly folder: string },
): Promise<Spooled> {
  const hash = createHash('sha256');
  const chunks: Uint8Array[] = [];
  let size = 0;
  await using cleanup = new AsyncDisposableStack();
  let file: TemporaryFile | undefined;
  for await (const chunk of limitedChunks(content, maxBytes)) {
    hash.update(chunk);
    size += chunk.length;
    if (size <= spoolBytes) {
      chunks.push(chunk);
      continue;
    }
    file ??= cleanup.use(await TemporaryFile.create(folder));
    await file.write([...chunks.splice(0), chunk]);
  }
  const kept = cleanup.move();
  return { sha256: hash.digest('hex'), size, chunks, file, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
