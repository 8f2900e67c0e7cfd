import { openGridFsStore } from '@tributary/blobstore/gridfs';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
  connectionSettings,
  connections,
  createHttpServer,
  createLogger,
  readConfig,
  runProcess,
  type Service,
  systemClock,
} from '@tributary/runtime';
import { readPhoneConfig } from './config.ts';
import { createPhoneGateway } from './service.ts';

const settings = readConfig(connectionSettings, process.env);
const logger = createLogger('gateway-phone', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'gateway-phone', logger });
const docStore = await openMongoStore({ url: settings.MONGODB_URL });
const blobStore = await openGridFsStore({ url: settings.MONGODB_URL });
const gateway = await createPhoneGateway({
  config: readPhoneConfig(process.env),
  eventLog,
  docStore,
  blobStore,
  clock: systemClock,
  logger,
});
const parts: Service = composeServices([
  connections(eventLog, docStore, blobStore),
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
