// Writes chains, in which each write names the one before, and prints which have ended, until it is killed.
import { openEmbeddedStore } from '../src/embedded/index.ts';

const store = await openEmbeddedStore({ folder: process.argv[2] as string });
const collections = await Promise.all([
  store.collection('first'),
  store.collection('second'),
  store.collection('third'),
]);

const chainForEver = async (writer: number) => {
  for (let n = 0; ; n++) {
    const id = `w${writer}-${n}`;
    await store.inOrder(async () => {
      for (const collection of collections) {
        await collection.insertOne({ _id: id });
        // Some links in another turn of the event loop, and so in another transaction.
        if (n % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    });
    process.stdout.write(`${id}\n`);
  }
};
await Promise.all(Array.from({ length: 8 }, (_, writer) => chainForEver(writer)));
