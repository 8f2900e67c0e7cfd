import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { BlobStore } from '@tributary/blobstore';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { allTopics } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openMongoStore } from '@tributary/docstore/mongo';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { temporaryFolder } from './temporary-folder.ts';

export interface Adapters extends AsyncDisposable {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
}

/** The embedded adapters on the disk, as `npm start` opens them, with every topic. */
export async function openEmbedded(): Promise<Adapters & { readonly blobStore: BlobStore; readonly folder: string }> {
  const folder = await temporaryFolder();
  const eventLog = await openEmbeddedLog({ folder: join(folder.path, 'log') });
  const docStore = await openEmbeddedStore({ folder: join(folder.path, 'documents') });
  const blobStore = await openDirectoryStore({ folder: join(folder.path, 'blobs') });
  await eventLog.applyTopics(allTopics);
  return {
    folder: folder.path,
    eventLog,
    docStore,
    blobStore,
    async [Symbol.asyncDispose]() {
      for (const part of [eventLog, docStore, blobStore, folder]) await part[Symbol.asyncDispose]();
    },
  };
}

export interface Servers {
  readonly kafkaBrokers: string;
  readonly mongoUrl: string;
}

/** Kafka and MongoDB, with topics and a database of their own. */
export async function openScale({ kafkaBrokers, mongoUrl }: Servers): Promise<Adapters & { readonly name: string }> {
  const name = `bench-${randomUUID().slice(0, 8)}`;
  const eventLog = await openKafkaLog({ brokers: kafkaBrokers.split(','), clientId: 'bench', topicPrefix: `${name}.` });
  const docStore = await openMongoStore({ url: mongoUrl, database: name });
  await eventLog.applyTopics(allTopics);
  return {
    name,
    eventLog,
    docStore,
    async [Symbol.asyncDispose]() {
      for (const part of [eventLog, docStore]) await part[Symbol.asyncDispose]();
    },
  };
}
