import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { keepRunning } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { dieWithParent, freePort } from '@tributary/testing/servers';
import { loadSettings, type System, type SystemOptions } from './system.ts';
import { exceptKills, serviceVictim } from './victims.ts';

/** Everything in one process on the embedded adapters, its data in `folder`. */
export async function startEmbeddedSystem(options: SystemOptions): Promise<System> {
  const { folder, mailSinkPort, environment, release, report } = options;
  const dataFolder = join(folder, 'data');
  const logFolder = join(folder, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const [httpPort, smtpPort, grpcPort] = [await freePort(), await freePort(), await freePort()];
  const url = `http://127.0.0.1:${httpPort}`;
  const standalone = keepRunning({
    healthPort: httpPort,
    name: 'standalone',
    entry: 'packages/standalone/src/main.ts',
    ...(release && { release: release.folder }),
    environment: {
      ...loadSettings,
      PUBLIC_URL: url,
      TRIBUTARY_DATA_DIR: dataFolder,
      HTTP_PORT: String(httpPort),
      SMTP_PORT: String(smtpPort),
      GRPC_PORT: String(grpcPort),
      EMAIL_OUT: `smtp://127.0.0.1:${mailSinkPort}`,
      ...environment,
    },
    wrap: dieWithParent,
    logFile: join(logFolder, 'standalone.log'),
    report: exceptKills(report),
  });
  return {
    ...{ smtpPort, phoneUrl: url, socialUrl: url },
    chatUrl: `ws://127.0.0.1:${httpPort}/chat/v1/ws`,
    ticketingAddress: `127.0.0.1:${grpcPort}`,
    routerAddress: `127.0.0.1:${grpcPort}`,
    victims: [serviceVictim(standalone)],
    services: [standalone],
    logFolder,
    ready: () => until('Tributary to be ready', () => standalone.checkReady(), { timeoutMs: 60_000 }).then(() => {}),
    // It makes its topics itself.
    prepareUpgrade: async () => {},
    // Others may read the log's file while the process that consumes from it runs.
    openLog: () => openEmbeddedLog({ folder: join(dataFolder, 'log') }),
    [Symbol.asyncDispose]: () => standalone.stop(),
  };
}
