// Goes half the way of a migration, says so, and waits to be killed.
import { openEmbeddedStore } from '../src/embedded/index.ts';
import { applyMigrations } from '../src/index.ts';

const store = await openEmbeddedStore({ folder: process.argv[2] as string });
const clock = {
  now: () => Date.now(),
  setTimer(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
await applyMigrations(store, {
  service: 'ticketing',
  migrations: [
    {
      version: 2,
      description: 'half done',
      async run(_docStore, { savePlace }) {
        await savePlace('half');
        process.stdout.write('half\n');
        await new Promise(() => {});
      },
    },
  ],
  clock,
  logger: { info: () => {}, warn: () => {} },
});
