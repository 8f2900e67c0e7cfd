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
import { createConsole, readConsoleConfig } from './service.ts';

const { KAFKA_BROKERS, HOST, HTTP_PORT, TRUST_PROXY, LOG_LEVEL } = connectionSettings;
const settings = readConfig({ KAFKA_BROKERS, HOST, HTTP_PORT, TRUST_PROXY, LOG_LEVEL }, process.env);
const logger = createLogger('console', settings.LOG_LEVEL);
const eventLog = await openKafkaLog({ brokers: settings.KAFKA_BROKERS, clientId: 'tributary-console', logger });
const service = await createConsole({ config: readConsoleConfig(process.env), eventLog, clock: systemClock, logger });
const http = createHttpServer({
  plugins: [service.http],
  host: settings.HOST,
  port: settings.HTTP_PORT,
  trustProxy: settings.TRUST_PROXY,
  logger,
  problems: () => [...eventLog.problems(), ...service.problems()],
});
// First to start, so last to stop: the others read it until they have stopped.
const log = { start: async () => {}, stop: async () => eventLog[Symbol.asyncDispose](), problems: () => [] };
await runProcess(composeServices([log, service, http]), logger);
