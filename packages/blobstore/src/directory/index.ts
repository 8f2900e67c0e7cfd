import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { isKey } from '../content.ts';
import type { BlobStore, StoredBlob } from '../port.ts';
import { spool } from '../spool.ts';
import { removeAbandoned, TemporaryFile } from '../temporary-file.ts';
import { FolderSync } from './folder-sync.ts';

/**
 * Opens a blob store in a folder, made when it is not there. A blob is the file `ab/abcd…` named by its SHA-256: written and synced under a
 * temporary name, moved, and there once its folder is synced too. 256 folders hold some millions of blobs well.
 */
export async function openDirectoryStore({ folder }: { readonly folder: string }): Promise<BlobStore> {
  const temporaryFolder = join(folder, 'tmp');
  await mkdir(temporaryFolder, { recursive: true });
  await removeAbandoned(temporaryFolder);
  const folderSync = new FolderSync();
  const madeFolders = new Set<string>();

  const pathOf = (key: string) => join(folder, key.slice(0, 2), key);

  async function makeFolder(path: string): Promise<void> {
    if (madeFolders.has(path)) return;
    await mkdir(path, { recursive: true });
    await folderSync.sync(folder);
    madeFolders.add(path);
  }

  async function put(
    content: Uint8Array | AsyncIterable<Uint8Array>,
    { maxBytes = Number.POSITIVE_INFINITY } = {},
  ): Promise<StoredBlob> {
    await using spooled = await spool(content, { maxBytes, folder: temporaryFolder });
    const { sha256: key, size } = spooled;
    const blobFolder = join(folder, key.slice(0, 2));
    await makeFolder(blobFolder);
    if ((await sizeOf(key)) === undefined) {
      await using small = spooled.file === undefined ? await TemporaryFile.create(temporaryFolder) : undefined;
      await small?.write(spooled.chunks);
      await (small ?? spooled.file)?.moveTo(pathOf(key));
    }
    // Also for a blob that was there: whoever moved it may not have come to this yet.
    await folderSync.sync(blobFolder);
    return { key, size, sha256: key };
  }

  async function get(key: string): Promise<Readable | undefined> {
    if (!isKey(key)) return undefined;
    try {
      const handle = await open(pathOf(key), 'r');
      return handle.createReadStream();
    } catch (error) {
      return absent(error);
    }
  }

  async function sizeOf(key: string): Promise<number | undefined> {
    if (!isKey(key)) return undefined;
    try {
      return (await stat(pathOf(key))).size;
    } catch (error) {
      return absent(error);
    }
  }

  return { put, get, size: sizeOf, [Symbol.asyncDispose]: async () => {} };
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}
