import { openGridFsStore } from '@tributary/blobstore/gridfs';
import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
  connectionSettings,
  createHttpServer,
  createLogger,
  readConfig,
  runProcess,
  systemClock,
} from '@tributary/runtime';
import { createEmailGateway, readEmailConfig } from './service.ts';

const settings = readConfig(connectionSettings, process.env);
const config = readEmailConfig(process.env);
const logger = createLogger('gateway-email', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'gateway-email', logger });
const docStore = await openMongoStore({ url: settings.MONGODB_URL });
const blobStore = await openGridFsStore({ url: settings.MONGODB_URL });
const gateway = await createEmailGateway({ config, eventLog, docStore, blobStore, clock: systemClock, logger });
const http = createHttpServer({
  plugins: [],
  host: settings.HOST,
  port: settings.HTTP_PORT,
  logger,
  problems: () => [...gateway.problems(), ...eventLog.problems(), ...docStore.problems()],
});
const parts = composeServices([gateway, http]);
await runProcess(
  {
    start: () => parts.start(),
    async stop() {
      await parts.stop();
      for (const store of [eventLog, docStore, blobStore]) await store[Symbol.asyncDispose]();
    },
    problems: () => parts.problems(),
  },
  logger,
);
