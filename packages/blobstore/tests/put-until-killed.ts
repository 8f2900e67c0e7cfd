// Puts blobs, several at a time, and prints the key of each that is durable, until it is killed.
import { randomBytes } from 'node:crypto';
import { openDirectoryStore } from '../src/directory/index.ts';

const store = await openDirectoryStore({ folder: process.argv[2] as string });
const putForEver = async () => {
  for (;;) process.stdout.write(`${(await store.put(randomBytes(4096))).key}\n`);
};
await Promise.all(Array.from({ length: 16 }, putForEver));
