import { openGridFsStore } from '@tributary/blobstore/gridfs';
import { AgentServiceService } from '@tributary/contracts';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
  connectGrpc,
  connectionSettings,
  connections,
  createHttpServer,
  createLogger,
  readConfig,
  runProcess,
  type Service,
  systemClock,
} from '@tributary/runtime';
import { z } from 'zod';
import { readPhoneConfig } from './config.ts';
import { createPhoneGateway } from './service.ts';

const settings = readConfig(
  {
    ...connectionSettings,
    ROUTER_ADDRESS: z
      .string()
      .regex(/^\S+:\d+$/, 'must be host:port')
      .default('localhost:50051'),
  },
  process.env,
);
const logger = createLogger('gateway-phone', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'gateway-phone', logger });
const docStore = await openMongoStore({ url: settings.MONGODB_URL });
const blobStore = await openGridFsStore({ url: settings.MONGODB_URL });
const router = connectGrpc(settings.ROUTER_ADDRESS);
const gateway = await createPhoneGateway({
  config: readPhoneConfig(process.env),
  eventLog,
  docStore,
  blobStore,
  agents: router.api(AgentServiceService),
  clock: systemClock,
  logger,
});
const parts: Service = composeServices([
  connections(eventLog, docStore, blobStore, router),
  gateway,
  createHttpServer({
    plugins: [gateway.http],
    host: settings.HOST,
    port: settings.HTTP_PORT,
    trustProxy: settings.TRUST_PROXY,
    logger,
    problems: () => parts.problems(),
  }),
]);
await runProcess(parts, logger);
