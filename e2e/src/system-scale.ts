import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { allTopics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { serviceProcesses, takePorts } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { dieWithParent, freePort, isUnavailable, startKafka, startMongo } from '@tributary/testing/servers';
import { loadSettings, type System, type SystemOptions, SystemUnavailable } from './system.ts';
import { exceptKills, serverVictim, serviceVictim } from './victims.ts';

/**
 * Every service as a process of its own, on a Kafka and a MongoDB of our own.
 * @throws SystemUnavailable when this machine can run no Kafka or no MongoDB.
 */
export async function startScaleSystem(options: SystemOptions): Promise<System> {
  const { folder, mailSinkPort, environment: settings, report } = options;
  // Servers that somebody else runs cannot be killed.
  delete process.env['KAFKA_BROKERS'];
  delete process.env['MONGODB_URL'];
  const [kafka, mongo] = await Promise.all([startKafka({ report }), startMongo({ report })]);
  const stopServers = async () => {
    for (const server of [kafka, mongo]) if (!isUnavailable(server)) await server.stop();
  };
  if (isUnavailable(kafka) || isUnavailable(mongo)) {
    await stopServers();
    const reasons = [kafka, mongo].flatMap((server) => (isUnavailable(server) ? [server.unavailable] : []));
    throw new SystemUnavailable(reasons.join(' '));
  }
  const openLog = () => openKafkaLog({ brokers: [kafka.url], clientId: 'crash-test' });
  await using log = await openLog();
  await log.applyTopics(allTopics);

  const logFolder = join(folder, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const phone = await freePort();
  const ports = { ...(await takePorts(freePort)), phone };
  const environment = {
    ...loadSettings,
    ...settings,
    HOST: '127.0.0.1',
    KAFKA_BROKERS: kafka.url,
    MONGODB_URL: mongo.url,
    EMAIL_OUT: `smtp://127.0.0.1:${mailSinkPort}`,
    CONSOLE_FEED: 'on',
  };
  const services = serviceProcesses(ports, environment, exceptKills(report), { wrap: dieWithParent, logFolder });
  return {
    smtpPort: ports.smtp,
    phoneUrl: `http://127.0.0.1:${phone}`,
    socialUrl: `http://127.0.0.1:${ports.social}`,
    chatUrl: `ws://127.0.0.1:${ports.chat}/chat/v1/ws`,
    ticketingAddress: `127.0.0.1:${ports.ticketingGrpc}`,
    routerAddress: `127.0.0.1:${ports.routerGrpc}`,
    victims: [...services.map(serviceVictim), serverVictim('broker', kafka), serverVictim('database', mongo)],
    starts: () => new Map(services.map(({ name, starts }) => [name, starts])),
    logFolder,
    async ready() {
      for (const service of services) {
        await until(`${service.name} to be ready`, () => service.isReady(), { timeoutMs: 120_000, everyMs: 100 });
      }
    },
    openLog,
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop()));
      await stopServers();
    },
  };
}
