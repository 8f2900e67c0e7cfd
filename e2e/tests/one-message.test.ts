import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { oneMessageSuite } from './one-message.ts';

oneMessageSuite('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-e2e-'));
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'documents') });
  const blobStore = await openDirectoryStore({ folder: join(folder, 'blobs') });
  return {
    eventLog,
    docStore,
    blobStore,
    async [Symbol.asyncDispose]() {
      for (const store of [eventLog, docStore, blobStore]) await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
