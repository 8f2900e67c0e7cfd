import { openMongoStore } from '@tributary/docstore/mongo';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  composeServices,
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
import { createTicketing, readTicketingConfig } from './service.ts';

const settings = readConfig(connectionSettings, process.env);
const config = readTicketingConfig(process.env);
const logger = createLogger('ticketing', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'ticketing' });
const docStore = await openMongoStore({ url: settings.MONGODB_URL });
const ticketing = await createTicketing({ config, eventLog, docStore, clock: systemClock, logger });
const { HOST: host, GRPC_PORT, HTTP_PORT } = settings;
const parts: Service = composeServices([
  connections(eventLog, docStore),
  ticketing,
  createGrpcServer({ bindings: ticketing.grpc, host, port: GRPC_PORT, logger }),
  createHttpServer({ plugins: [], host, port: HTTP_PORT, logger, problems: () => parts.problems() }),
]);
await runProcess(parts, logger);
