import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '../src/embedded/index.ts';
import { docStoreContract } from './contract.ts';

docStoreContract('SQLite in a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docstore-'));
  return {
    open: () => openEmbeddedStore({ folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
});
