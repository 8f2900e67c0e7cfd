// Changes a document and adds an index, as another process beside the one that runs.
import { openEmbeddedStore } from '../src/embedded/index.ts';

await using store = await openEmbeddedStore({ folder: process.argv[2] as string });
const notes = await store.collection('notes', [{ keys: { code: 1 }, unique: true }]);
await notes.updateOne({ _id: 'shared' }, { $inc: { n: 1 } });
process.stdout.write('done\n');
