import { chmodSync, mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerRuntimeClient, StartedTestContainer } from 'testcontainers';
import { freePort } from './free-port.ts';
import { kafkaVersion } from './kafka-install.ts';
import { kafkaAnswers } from './kafka-probe.ts';
import { asKafkaEnvironment, kafkaSettings } from './kafka-settings.ts';
import { mongoAnswers } from './mongo-probe.ts';
import type { Report, RunningServer, ServerOptions } from './running-server.ts';

export const kafkaImage = `apache/kafka:${kafkaVersion}`;
export const mongoImage = 'mongo:8.0';

const startTimeoutMs = 90_000;
const withoutDocker = 'using what this machine can run without Docker';
const unusable = new Set<string>();

interface DockerServer {
  readonly image: string;
  readonly containerPort: number;
  readonly dataInContainer: string;
  readonly environment: (host: string, port: number) => Record<string, string>;
  readonly url: (host: string, port: number) => string;
  readonly answers: (url: string) => Promise<boolean>;
}

const kafka: DockerServer = {
  image: kafkaImage,
  containerPort: 9092,
  dataInContainer: '/var/lib/kafka/data',
  environment: (host, port) => ({
    ...asKafkaEnvironment(kafkaSettings({ host, port, listenHost: '0.0.0.0', listenPort: 9092, controllerPort: 9093 })),
    KAFKA_LOG_DIRS: '/var/lib/kafka/data',
    KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m',
  }),
  url: (host, port) => `${host}:${port}`,
  answers: kafkaAnswers,
};

const mongo: DockerServer = {
  image: mongoImage,
  containerPort: 27_017,
  dataInContainer: '/data/db',
  environment: () => ({}),
  url: (host, port) => `mongodb://${host}:${port}/?directConnection=true`,
  answers: mongoAnswers,
};

/** Kafka in Docker, or undefined when there is no Docker or its image cannot be had. */
export function startKafkaInDocker(options: ServerOptions): Promise<RunningServer | undefined> {
  return startInDocker(kafka, options);
}

/** MongoDB in Docker, or undefined when there is no Docker or its image cannot be had. */
export function startMongoInDocker(options: ServerOptions): Promise<RunningServer | undefined> {
  return startInDocker(mongo, options);
}

/** True when Docker runs here and has the image, or has just fetched it. Asked once a process when the answer is no. */
export async function dockerImageCanBeHad(image: string, report: Report): Promise<boolean> {
  return (await dockerWith(image, report)) !== undefined;
}

async function dockerWith(image: string, report: Report): Promise<ContainerRuntimeClient | undefined> {
  if (unusable.has(image)) return undefined;
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  const client = await getContainerRuntimeClient().catch(() => undefined);
  if (client === undefined) {
    unusable.add(image);
    return undefined;
  }
  try {
    const name = ImageName.fromString(image);
    if (!(await client.image.exists(name))) {
      report(`Fetching the Docker image ${image} …`);
      await client.image.pull(name);
    }
    return client;
  } catch (error) {
    giveUp(image, `Docker has no image ${image}`, error, report);
    return undefined;
  }
}

function giveUp(image: string, what: string, error: unknown, report: Report): void {
  unusable.add(image);
  const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
  report(`${what} (${reason}); ${withoutDocker}.`);
}

async function startInDocker(server: DockerServer, options: ServerOptions): Promise<RunningServer | undefined> {
  const client = await dockerWith(server.image, options.report);
  if (client === undefined) return undefined;
  const host = options.host ?? client.info.containerRuntime.host;
  // Fixed, unlike testcontainers' own choice: Kafka must announce it, and it has to outlast a restart.
  const port = await freePort();
  let container: StartedTestContainer;
  try {
    container = await runContainer(server, options, host, port);
  } catch (error) {
    giveUp(server.image, `${server.image} does not start in Docker`, error, options.report);
    return undefined;
  }
  const url = server.url(host, port);
  try {
    await untilItAnswers(server, url);
  } catch (error) {
    await container.stop();
    throw error;
  }
  const docker = client.container.getById(container.getId());
  let killed: Promise<unknown> = Promise.resolve();
  let stopped = false;
  return {
    url,
    how: 'docker',
    pids: [],
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await killed;
      await container.stop({ remove: true, removeVolumes: true });
    },
    kill: () => {
      // Refused when the container is down already, which is what was wanted.
      killed = docker.kill({ signal: 'SIGKILL' }).catch(() => undefined);
    },
    restart: async () => {
      await killed;
      if ((await docker.inspect()).State.Running) await docker.stop();
      await docker.start();
      await untilItAnswers(server, url);
    },
  };
}

async function runContainer(
  server: DockerServer,
  options: ServerOptions,
  host: string,
  port: number,
): Promise<StartedTestContainer> {
  const { GenericContainer } = await import('testcontainers');
  const container = new GenericContainer(server.image)
    .withEnvironment(server.environment(host, port))
    .withExposedPorts({ container: server.containerPort, host: port })
    // `kill()` ends the container's process; removed with it, there would be nothing to restart.
    .withAutoRemove(false)
    .withStartupTimeout(startTimeoutMs);
  if (options.dataDir !== undefined) {
    mkdirSync(options.dataDir, { recursive: true });
    chmodSync(options.dataDir, 0o777); // The images run as users of their own.
    container.withBindMounts([{ source: options.dataDir, target: server.dataInContainer, mode: 'rw' }]);
  }
  return container.start();
}

async function untilItAnswers(server: DockerServer, url: string): Promise<void> {
  const deadline = Date.now() + startTimeoutMs;
  while (!(await server.answers(url))) {
    if (Date.now() > deadline) throw new Error(`${server.image} did not answer at ${url} within 90 s`);
    await delay(100);
  }
}
