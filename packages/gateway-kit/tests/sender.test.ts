import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { promiseOfSender, senderTopics } from './sender-contract.ts';

promiseOfSender(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sender-'));
  const eventLog = await openEmbeddedLog({ folder: join(folder, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder, 'docs') });
  await eventLog.applyTopics(senderTopics);
  return {
    eventLog,
    docStore,
    async [Symbol.asyncDispose]() {
      await eventLog[Symbol.asyncDispose]();
      await docStore[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});
