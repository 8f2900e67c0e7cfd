import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import type { Adapters } from './desk.ts';

/** Embedded adapters in memory. */
export async function openInMemory(): Promise<Adapters & AsyncDisposable> {
  const [eventLog, docStore] = await Promise.all([
    openEmbeddedLog({ folder: ':memory:' }),
    openEmbeddedStore({ folder: ':memory:' }),
  ]);
  return {
    eventLog,
    docStore,
    async [Symbol.asyncDispose]() {
      await eventLog[Symbol.asyncDispose]();
      await docStore[Symbol.asyncDispose]();
    },
  };
}
