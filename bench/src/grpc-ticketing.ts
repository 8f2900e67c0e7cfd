import { parentPort } from 'node:worker_threads';
import { createGrpcServer, createLogger, systemClock } from '@tributary/runtime';
import { createTicketing, readTicketingConfig } from '@tributary/ticketing';
import { openEmbedded } from './adapters.ts';

// A thread of its own: ticketing on the embedded adapters behind its gRPC port, which it posts to its parent.
const adapters = await openEmbedded();
const logger = createLogger('bench', 'error');
const ticketing = await createTicketing({ ...adapters, clock: systemClock, logger, config: readTicketingConfig({}) });
const grpc = createGrpcServer({ bindings: ticketing.grpc, host: '127.0.0.1', port: 0, logger });
await ticketing.start();
await grpc.start();
parentPort?.once('message', async () => {
  await grpc.stop();
  await ticketing.stop();
  await adapters[Symbol.asyncDispose]();
  parentPort?.close();
});
parentPort?.postMessage(grpc.port);
