import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Binary, MongoClient } from 'mongodb';
import { describe, expect, inject, test } from 'vitest';
import { openGridFsStore } from '../src/gridfs/index.ts';
import { blobStoreContract } from './contract.ts';

const url = inject('mongoUrl');

if (url === undefined) {
  describe('blobstore contract: GridFS', () => test.skip('no MongoDB server'));
} else {
  const makePlace = () => {
    const database = `blobstore-${randomUUID()}`;
    const client = new MongoClient(url);
    const db = client.db(database);
    return {
      db,
      open: () => openGridFsStore({ url, database }),
      async inspect() {
        const ids = await db.collection('blobs.files').distinct('_id');
        const leftovers = await db.collection('blobs.chunks').countDocuments({ files_id: { $nin: ids } });
        return { blobs: ids.length, leftovers };
      },
      async [Symbol.asyncDispose]() {
        await db.dropDatabase();
        await client.close();
      },
    };
  };
  blobStoreContract('GridFS', async () => makePlace());

  describe('GridFS', () => {
    test('a crash half-way leaves nothing visible, and the next put of the same content completes it', async () => {
      await using place = makePlace();
      await using store = await place.open();
      const content = randomBytes(700_000);
      const { key } = await store.put(content);
      // As a crash would have left it: the first chunk is there, the second and the file document are not.
      await place.db.collection('blobs.files').deleteOne({ filename: key });
      await place.db.collection('blobs.chunks').deleteOne({ files_id: key, n: 1 });
      expect(await store.get(key)).toBeUndefined();
      await store.put(content);
      const stream = await store.get(key);
      expect(stream && Buffer.compare(await buffer(stream), content)).toBe(0);
      const chunks = await place.db.collection('blobs.chunks').find({ files_id: key }).toArray();
      expect(chunks.map(({ n }) => n).sort()).toEqual([0, 1, 2]);
      expect(chunks[0]?.['data']).toBeInstanceOf(Binary);
    });
  });
}
