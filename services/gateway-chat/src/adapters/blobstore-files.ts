import { type BlobStore, BlobTooLargeError } from '@tributary/blobstore';
import type { FileStore } from '../ports.ts';

export function blobstoreFiles(store: BlobStore): FileStore {
  return {
    async put(content, maxBytes) {
      try {
        return await store.put(content, { maxBytes });
      } catch (error) {
        if (error instanceof BlobTooLargeError) return 'too large';
        throw error;
      }
    },
    get: (key) => store.get(key),
  };
}
