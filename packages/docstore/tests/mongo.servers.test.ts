import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { describe, inject, test } from 'vitest';
import { openMongoStore } from '../src/mongo/index.ts';
import { docStoreContract } from './contract.ts';

const url = inject('mongoUrl');

if (url === undefined) {
  describe('docstore contract: MongoDB', () => test.skip(`no server: ${inject('serversUnavailable')['mongo']}`));
} else {
  docStoreContract('MongoDB', async () => {
    const database = `docstore-${randomUUID()}`;
    return {
      open: () => openMongoStore({ url, database }),
      async [Symbol.asyncDispose]() {
        await using client = await new MongoClient(url).connect();
        await client.db(database).dropDatabase();
      },
    };
  });
}
