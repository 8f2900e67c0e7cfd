import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { dataFolder } from './data-folder.ts';
import { dieWithParent } from './die-with-parent.ts';
import { startKafkaInDocker } from './docker-servers.ts';
import { freePort } from './free-port.ts';
import { installKafka, type KafkaInstallation } from './kafka-install.ts';
import { kafkaAnswers } from './kafka-probe.ts';
import { asProperties, kafkaSettings } from './kafka-settings.ts';
import { runCommand } from './run-command.ts';
import {
  environmentServer,
  orUnavailable,
  type RunningServer,
  type ServerOptions,
  type Unavailable,
} from './running-server.ts';
import { ServerProcess } from './server-process.ts';

const startTimeoutMs = 90_000;
// One cluster id for all: it only guards against mixing up disks.
const clusterId = 'dHJpYnV0YXJ5LXRlc3RzMQ';

/**
 * A Kafka: the one `KAFKA_BROKERS` names, else apache/kafka in Docker, else Kafka's jars on this machine's Java.
 * `url` is `host:port`. Resolves when it answers and serves consumer groups; throws when it starts and fails.
 */
export async function startKafka(options: ServerOptions): Promise<RunningServer | Unavailable> {
  const named = process.env['KAFKA_BROKERS'];
  if (named !== undefined && named !== '') return environmentServer(named, 'KAFKA_BROKERS', options.report);
  return orUnavailable(async () => (await startKafkaInDocker(options)) ?? startKafkaHere(options));
}

/** What makes a broker other than the usual one. */
export interface KafkaAdditions {
  readonly listener: { readonly name: string; readonly host: string; readonly port: number; readonly protocol: string };
  readonly settings: Readonly<Record<string, string>>;
  /** Passwords by name, for both SCRAM mechanisms. */
  readonly scramUsers: Readonly<Record<string, string>>;
}

/** Kafka's jars on this machine's Java. */
export async function startKafkaHere(options: ServerOptions, additions?: KafkaAdditions): Promise<RunningServer> {
  const cacheDir = options.cacheDir ?? cacheDirectory();
  const kafka = await installKafka({ cacheDir, report: options.report });
  const folder = dataFolder('kafka', options.dataDir);
  const port = await freePort();
  const host = options.host ?? '127.0.0.1';
  const url = `${host}:${port}`;
  const settingsFile = join(folder.path, 'server.properties');
  const settings = kafkaSettings({
    host,
    port,
    listenHost: host,
    listenPort: port,
    controllerPort: await freePort(),
  });
  const logs = join(folder.path, 'logs');
  writeFileSync(settingsFile, asProperties({ ...withAdditions(settings, additions), 'log.dirs': logs }));
  const logging = join(folder.path, 'log4j2.properties');
  writeFileSync(logging, logSettings);
  if (!existsSync(join(logs, 'meta.properties'))) await format(kafka, settingsFile, additions?.scramUsers);

  const launch = async () => {
    const started = new ServerProcess({
      name: 'Kafka',
      command: dieWithParent([
        kafka.java,
        '-Xms256m',
        '-Xmx512m',
        '-XX:+UseSerialGC',
        `-Dlog4j2.configurationFile=${logging}`,
        '-cp',
        kafka.classPath,
        'kafka.Kafka',
        settingsFile,
      ]),
      logFile: join(folder.path, 'kafka.log'),
      stopSignal: 'SIGTERM',
    });
    try {
      await started.waitUntil(() => kafkaAnswers(url), startTimeoutMs);
    } catch (error) {
      started.kill();
      throw error;
    }
    return started;
  };
  let broker = await launch();
  return {
    url,
    how: 'local',
    get pids() {
      return [broker.pid];
    },
    stop: async () => {
      await broker.stop();
      folder.remove();
    },
    kill: () => broker.kill(),
    restart: async () => {
      await broker.stop();
      broker = await launch();
    },
  };
}

async function format(
  kafka: KafkaInstallation,
  settingsFile: string,
  scramUsers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const tool = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', kafka.classPath, 'kafka.tools.StorageTool'];
  const users = Object.entries(scramUsers).flatMap(([name, password]) =>
    [256, 512].flatMap((bits) => ['--add-scram', `SCRAM-SHA-${bits}=[name=${name},password=${password}]`]),
  );
  await runCommand(kafka.java, [...tool, 'format', '-t', clusterId, '-c', settingsFile, ...users]);
}

function withAdditions(
  settings: Record<string, string>,
  additions: KafkaAdditions | undefined,
): Record<string, string> {
  if (additions === undefined) return settings;
  const { name, host, port, protocol } = additions.listener;
  const protocols = 'listener.security.protocol.map';
  return {
    ...settings,
    listeners: `${settings['listeners']},${name}://${host}:${port}`,
    'advertised.listeners': `${settings['advertised.listeners']},${name}://${host}:${port}`,
    [protocols]: `${settings[protocols]},${name}:${protocol}`,
    ...additions.settings,
  };
}

const logSettings = `rootLogger.level=INFO
rootLogger.appenderRef.stdout.ref=stdout
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d{HH:mm:ss.SSS} %p %m (%c{1})%n
`;
