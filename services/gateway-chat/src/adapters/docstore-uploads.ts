import type { Collection, DocStore } from '@tributary/docstore';
import type { Upload, Uploads } from '../ports.ts';

interface UploadDocument extends Omit<Upload, 'id'> {
  readonly _id: string;
}

/** Uploads in the collection `chat_uploads`. */
export async function openDocstoreUploads(store: DocStore): Promise<Uploads> {
  const collection: Collection<UploadDocument> = await store.collection('chat_uploads');
  return {
    async add({ id, ...fields }) {
      await collection.insertOne({ _id: id, ...fields });
    },
    async find(sessionId, uploadIds) {
      const found = await collection.find({ _id: { $in: uploadIds }, sessionId });
      return found.map(({ _id, ...fields }) => ({ id: _id, ...fields }));
    },
  };
}
