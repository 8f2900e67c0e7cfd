import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { allTopics } from '@tributary/contracts';
import { openKafkaLog } from '@tributary/eventlog/kafka';
import { type ServicePorts, serviceProcesses, takePorts } from '@tributary/standalone';
import { until } from '@tributary/testing';
import { dieWithParent, freePort, isUnavailable, startKafka, startMongo } from '@tributary/testing/servers';
import { startBalancer } from './balancer.ts';
import { applyTopicsOf } from './release.ts';
import { loadSettings, type System, type SystemOptions, SystemUnavailable } from './system.ts';
import { exceptKills, serverVictim, serviceVictim } from './victims.ts';

/**
 * Every service as a process of its own, on a Kafka and a MongoDB of our own.
 * @throws SystemUnavailable when this machine can run no Kafka or no MongoDB.
 */
export async function startScaleSystem({
  folder,
  mailSinkPort,
  environment: settings,
  replicas: count = 1,
  release,
  serversFolder,
  report,
}: SystemOptions): Promise<System> {
  // Servers that somebody else runs cannot be killed.
  delete process.env['KAFKA_BROKERS'];
  delete process.env['MONGODB_URL'];
  const dataOf = (server: string) => serversFolder !== undefined && { dataDir: join(serversFolder, server) };
  const [kafka, mongo] = await Promise.all([
    startKafka({ report, ...dataOf('kafka') }),
    startMongo({ report, ...dataOf('mongo') }),
  ]);
  const stopServers = async () => {
    for (const server of [kafka, mongo]) if (!isUnavailable(server)) await server.stop();
  };
  if (isUnavailable(kafka) || isUnavailable(mongo)) {
    await stopServers();
    const reasons = [kafka, mongo].flatMap((server) => (isUnavailable(server) ? [server.unavailable] : []));
    throw new SystemUnavailable(reasons.join(' '));
  }
  const openLog = () => openKafkaLog({ brokers: [kafka.url], clientId: 'crash-test' });
  const applyTopics = async () => {
    await using log = await openLog();
    await log.applyTopics(allTopics);
  };
  if (release === undefined) await applyTopics();
  else applyTopicsOf(release, kafka.url);

  const logFolder = join(folder, 'logs');
  mkdirSync(logFolder, { recursive: true });
  const replicas: ServicePorts[] = [];
  while (replicas.length < count) replicas.push({ ...(await takePorts(freePort)), phone: await freePort() });
  const balance = (port: (ports: ServicePorts) => number) => startBalancer(replicas.map(port));
  const balancers = {
    smtp: await balance(({ smtp }) => smtp),
    chat: await balance(({ chat }) => chat),
    social: await balance(({ social }) => social),
    phone: await balance(({ phone = 0 }) => phone),
    ticketing: await balance(({ ticketingGrpc }) => ticketingGrpc),
    router: await balance(({ routerGrpc }) => routerGrpc),
  };
  const phoneUrl = `http://127.0.0.1:${balancers.phone.port}`;
  const environment = {
    ...loadSettings,
    ...settings,
    HOST: '127.0.0.1',
    KAFKA_BROKERS: kafka.url,
    MONGODB_URL: mongo.url,
    EMAIL_OUT: `smtp://127.0.0.1:${mailSinkPort}`,
    CONSOLE_FEED: 'on',
    TICKETING_ADDRESS: `127.0.0.1:${balancers.ticketing.port}`,
    // What Twilio signs.
    PUBLIC_URL: phoneUrl,
  };
  const services = replicas.flatMap((ports, index) =>
    serviceProcesses(ports, environment, exceptKills(report), {
      wrap: dieWithParent,
      logFolder,
      ...(replicas.length > 1 && { replica: index + 1 }),
      ...(release && { release: release.folder }),
    }),
  );
  return {
    smtpPort: balancers.smtp.port,
    phoneUrl,
    socialUrl: `http://127.0.0.1:${balancers.social.port}`,
    chatUrl: `ws://127.0.0.1:${balancers.chat.port}/chat/v1/ws`,
    ticketingAddress: `127.0.0.1:${balancers.ticketing.port}`,
    routerAddress: `127.0.0.1:${balancers.router.port}`,
    victims: [...services.map(serviceVictim), serverVictim('broker', kafka), serverVictim('database', mongo)],
    services,
    logFolder,
    async ready() {
      for (const service of services.filter(({ starts }) => starts > 0)) {
        await until(`${service.name} to be ready`, () => service.checkReady(), { timeoutMs: 120_000, everyMs: 100 });
      }
    },
    prepareUpgrade: applyTopics,
    openLog,
    async [Symbol.asyncDispose]() {
      await Promise.all(services.map((service) => service.stop()));
      for (const balancer of Object.values(balancers)) await balancer[Symbol.asyncDispose]();
      await stopServers();
    },
  };
}
