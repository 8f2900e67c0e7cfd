import { TicketServiceService } from '@tributary/contracts';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
  connectGrpc,
  connectionSettings,
  connections,
  createGrpcServer,
  createHttpServer,
  createLogger,
  readConfig,
  runProcess,
  type Service,
  systemClock,
} from '@tributary/runtime';
import { z } from 'zod';
import { createRouter, readRouterConfig } from './service.ts';

const settings = readConfig(
  {
    ...connectionSettings,
    TICKETING_ADDRESS: z.string({ error: 'must be host:port' }).regex(/^\S+:\d+$/, 'must be host:port'),
  },
  process.env,
);
const config = readRouterConfig(process.env);
const logger = createLogger('router', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'router', logger });
const docStore = await openMongoStore({ url: settings.MONGODB_URL });
const ticketing = connectGrpc(settings.TICKETING_ADDRESS);
const router = await createRouter({
  config,
  eventLog,
  docStore,
  tickets: ticketing.api(TicketServiceService),
  clock: systemClock,
  logger,
});
const { HOST: host } = settings;
process.on('SIGHUP', () => void router.reloadPolicy());
const parts: Service = composeServices([
  connections(eventLog, docStore, ticketing),
  router,
  createGrpcServer({ bindings: router.grpc, host, port: settings.GRPC_PORT, logger }),
  createHttpServer({ plugins: [], host, port: settings.HTTP_PORT, logger, problems: () => parts.problems() }),
]);
await runProcess(parts, logger);
