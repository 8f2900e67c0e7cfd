import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';

/** The log alone; the document store belongs to one process. */
export const openLog = (folder: string) => openEmbeddedLog({ folder: join(folder, 'log') });

/** The embedded adapters in one folder. */
export async function openStores(folder: string) {
  return {
    eventLog: await openLog(folder),
    docStore: await openEmbeddedStore({ folder: join(folder, 'docs') }),
    blobStore: await openDirectoryStore({ folder: join(folder, 'blobs') }),
  };
}
