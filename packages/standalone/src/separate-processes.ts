import { allTopics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import {
  ConfigError,
  connectionSettings,
  createLogger,
  portNumber,
  readConfig,
  readKafkaConnection,
} from '@tributary/runtime';
import { portsFrom, serviceProcesses } from './service-processes.ts';
import { startSimulators } from './simulators.ts';

// npm run services: every service as a process of its own, until Ctrl-C.
const shape = {
  MONGODB_URL: connectionSettings.MONGODB_URL,
  HTTP_PORT: portNumber(8080),
  SMTP_PORT: portNumber(2525),
  GRPC_PORT: portNumber(50051),
};
const settings = readSettings();
const report = (line: string) => void process.stdout.write(`${line}\n`);

const logger = createLogger('services', 'warn');
await using eventLog = await openKafkaLog({ ...settings.kafka, clientId: 'tributary-services', logger });
await eventLog.applyTopics(allTopics);

const ports = portsFrom(settings.HTTP_PORT, settings.SMTP_PORT, settings.GRPC_PORT);
const simulators = await startSimulators(process.env, {
  phone: `http://127.0.0.1:${ports.phone}`,
  social: `http://127.0.0.1:${ports.social}`,
});
const { PUBLIC_URL } = process.env;
const services = serviceProcesses(
  ports,
  {
    KAFKA_BROKERS: settings.kafka.brokers.join(','),
    MONGODB_URL: settings.MONGODB_URL,
    HOST: '127.0.0.1',
    CONSOLE_FEED: 'on',
    ...(PUBLIC_URL && { PUBLIC_URL }),
    ...simulators.environment,
  },
  report,
);
await Promise.all(
  services.map(async (service) => {
    while (!(await service.checkReady().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 200));
    report(`${service.name} is ready`);
  }),
);
report(`Tributary is ready.
  Web page   http://127.0.0.1:${ports.console}/
  Chat       http://127.0.0.1:${ports.chat}/chat/v1/demo
  SMTP       127.0.0.1:${ports.smtp}
  gRPC       127.0.0.1:${ports.ticketingGrpc} (tickets), 127.0.0.1:${ports.routerGrpc} (agents, routing)
For the command line: export KAFKA_BROKERS=${settings.kafka.brokers.join(',')} ROUTER_ADDRESS=127.0.0.1:${ports.routerGrpc}
Ctrl-C stops them.`);
await new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});
report('stopping');
// Gateways first, then what they feed.
for (const service of services.reverse()) await service.stop();
await simulators.stop();

function readSettings() {
  try {
    return { ...readConfig(shape, process.env), kafka: readKafkaConnection(process.env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nnpm run servers brings up both and prints their addresses.\n`);
    process.exit(1);
  }
}
