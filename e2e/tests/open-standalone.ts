import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { connectGrpc, createLogger, systemClock } from '@tributary/runtime';
import { createStandalone } from '@tributary/standalone';

export interface StandaloneSettings {
  /** Default: any. */
  readonly httpPort?: number;
  /** Beside what every test wants. @param folder Freed with everything. */
  environment(folder: string): Readonly<Record<string, string>>;
}

/**
 * Starts everything in one process on embedded adapters.
 * @param opened Ends it when it is disposed of, before what it held already, such as simulated providers.
 */
export async function openStandalone(opened: AsyncDisposableStack, { httpPort = 0, environment }: StandaloneSettings) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-e2e-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const eventLog = opened.use(await openEmbeddedLog({ folder: join(folder, 'log') }));
  const docStore = opened.use(await openEmbeddedStore({ folder: join(folder, 'documents') }));
  const blobStore = opened.use(await openDirectoryStore({ folder: join(folder, 'blobs') }));
  const system = await createStandalone({
    ...{ eventLog, docStore, blobStore, clock: systemClock, logger: createLogger('e2e', 'error') },
    ...{ host: '127.0.0.1', httpPort, grpcPort: 0 },
    environment: {
      ...{ HOST: '127.0.0.1', SMTP_PORT: '0', EMAIL_OUT: `file:${join(folder, 'outbox')}` },
      ROUTER_SEED_PRESENCE: 'online',
      ...environment(folder),
    },
  });
  await system.start();
  opened.defer(() => system.stop());
  const grpcAddress = `127.0.0.1:${system.ports.grpc}`;
  return {
    httpAddress: `127.0.0.1:${system.ports.http}`,
    grpcAddress,
    channel: opened.use(connectGrpc(grpcAddress)),
  };
}
