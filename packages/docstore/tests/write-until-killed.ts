// Inserts and updates documents and prints what is durable, until it is killed.
import { openEmbeddedStore } from '../src/embedded/index.ts';

const store = await openEmbeddedStore({ folder: process.argv[2] as string });
const notes = await store.collection('notes', [
  { keys: { number: 1 }, unique: true },
  { keys: { tags: 1 }, multikey: true },
]);

const writeForEver = async (writer: number) => {
  for (let n = 0; ; n++) {
    const id = `w${writer}-${n}`;
    await notes.insertOne({ _id: id, version: 1, number: `number of ${id}`, tags: [`tag of ${id}`] } as {
      _id: string;
    });
    process.stdout.write(`${JSON.stringify({ id, version: 1 })}\n`);
    await notes.updateOne({ _id: id }, { $inc: { version: 1 } });
    process.stdout.write(`${JSON.stringify({ id, version: 2 })}\n`);
  }
};
await Promise.all(Array.from({ length: 32 }, (_, writer) => writeForEver(writer)));
