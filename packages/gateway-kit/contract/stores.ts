import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { openKafkaLog } from '@tributary/eventlog/kafka';

/** Servers for the adapters at scale. */
export interface Servers {
  /** `host:port`, separated by commas. */
  readonly kafkaBrokers: string;
  readonly mongoUrl: string;
}

/** Where one world keeps its things. It is data, so that a process of its own finds them too. */
export interface Place {
  readonly folder: string;
  /** Absent: the embedded adapters, in the folder. */
  readonly servers?: Servers & {
    /** Of its topics and its database. */
    readonly name: string;
  };
}

/** The log alone: the embedded document store belongs to one process. */
export async function openLog({ folder, servers }: Place) {
  if (servers === undefined) return openEmbeddedLog({ folder: join(folder, 'log') });
  const brokers = servers.kafkaBrokers.split(',');
  return openKafkaLog({ brokers, clientId: 'contract', topicPrefix: `${servers.name}.` });
}

/** Log, documents and files. */
export async function openStores(place: Place) {
  const { folder, servers } = place;
  return {
    eventLog: await openLog(place),
    docStore: await (servers === undefined
      ? openEmbeddedStore({ folder: join(folder, 'docs') })
      : openMongoStore({ url: servers.mongoUrl, database: servers.name })),
    blobStore: await openDirectoryStore({ folder: join(folder, 'blobs') }),
  };
}
