import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import {
  ConfigError,
  composeServices,
  connections,
  createLogger,
  exitOnFault,
  openGrpcSecurity,
  runProcess,
  systemClock,
} from '@tributary/runtime';
import { readStandaloneConfig, standaloneDefaults } from './config.ts';
import { startSimulators } from './simulators.ts';
import { createStandalone } from './standalone.ts';

// npm start.
try {
  await start();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function start(): Promise<void> {
  const config = readStandaloneConfig(process.env);
  mkdirSync(config.dataFolder, { recursive: true });
  const logger = createLogger('tributary', config.logLevel);
  exitOnFault(logger);
  const ownUrl = `http://127.0.0.1:${config.httpPort}`;
  const [simulators, eventLog, docStore, blobStore] = await Promise.all([
    startSimulators(process.env, { phone: ownUrl, social: ownUrl }),
    openEmbeddedLog({ folder: join(config.dataFolder, 'log'), logger }),
    openEmbeddedStore({ folder: join(config.dataFolder, 'documents') }),
    openDirectoryStore({ folder: join(config.dataFolder, 'blobs') }),
  ]);
  const security = openGrpcSecurity(process.env, { services: ['ticketing', 'router'], clock: systemClock, logger });
  const tributary = await createStandalone({
    eventLog,
    docStore,
    blobStore,
    clock: systemClock,
    logger,
    host: config.host,
    httpPort: config.httpPort,
    grpcPort: config.grpcPort,
    trustProxy: config.trustProxy,
    security,
    environment: { ...standaloneDefaults(config), PUBLIC_URL: ownUrl, ...process.env, ...simulators.environment },
  });
  await runProcess(
    composeServices([connections(security, eventLog, docStore, blobStore), simulators, tributary]),
    logger,
  );

  const { http, smtp, grpc } = tributary.ports;
  const { host, dataFolder } = config;
  process.stdout.write(`Tributary is ready.
  Web page   http://${host}:${http}/
  SMTP       ${host}:${smtp}   mail that would go out is kept in ${join(dataFolder, 'outbox')}
  gRPC       ${host}:${grpc}
  Data       ${dataFolder}
${simulatedLines(simulators.urls)}Try: npm run tributary -- send email --text 'My battery gives off smoke'
Ctrl-C stops it.
`);
}

/** Nobody may take a simulator for the provider. */
function simulatedLines(urls: Readonly<Record<string, string>>): string {
  return Object.entries(urls)
    .map(([name, url]) => `  Simulated  ${name} at ${url}   nothing leaves this machine\n`)
    .join('');
}
