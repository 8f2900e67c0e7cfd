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
import { createConsole, readConsoleConfig } from './service.ts';

const { KAFKA_BROKERS, HOST, HTTP_PORT, TRUST_PROXY, LOG_LEVEL } = connectionSettings;
const settings = readConfig({ KAFKA_BROKERS, HOST, HTTP_PORT, TRUST_PROXY, LOG_LEVEL }, process.env);
const logger = createLogger('console', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'tributary-console', logger });
const service = await createConsole({ config: readConsoleConfig(process.env), eventLog, clock: systemClock, logger });
const parts: Service = composeServices([
  connections(eventLog),
  service,
  createHttpServer({
    plugins: [service.http],
    host: settings.HOST,
    port: settings.HTTP_PORT,
    trustProxy: settings.TRUST_PROXY,
    logger,
    problems: () => parts.problems(),
  }),
]);
await runProcess(parts, logger);
