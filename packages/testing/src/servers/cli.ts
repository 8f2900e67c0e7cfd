import { startKafka } from './kafka-server.ts';
import { startMongo } from './mongo-server.ts';
import { prepareServers } from './prepare.ts';
import { isUnavailable, type RunningServer } from './running-server.ts';

const usage = `node cli.ts up [--host ADDRESS]   runs Kafka and MongoDB until Ctrl-C and prints their addresses; with ADDRESS,
                                  one of this machine, others reach them there
node cli.ts prepare               only installs what the servers need`;

// Progress goes to standard error, so that standard output holds the addresses alone.
const report = (line: string) => console.error(line);

async function up(host?: string): Promise<number> {
  const options = { report, ...(host !== undefined && { host }) };
  const [kafka, mongo] = await Promise.all([startKafka(options), startMongo(options)]);
  const servers: RunningServer[] = [];
  for (const server of [kafka, mongo]) {
    if (isUnavailable(server)) console.error(server.unavailable);
    else servers.push(server);
  }
  if (!isUnavailable(kafka)) console.log(`KAFKA_BROKERS=${kafka.url}`);
  if (!isUnavailable(mongo)) console.log(`MONGODB_URL=${mongo.url}`);
  if (servers.length < 2) {
    await Promise.all(servers.map((server) => server.stop()));
    return 1;
  }
  console.error('Kafka and MongoDB run. Set these two variables where you need them; Ctrl-C ends both and their data.');
  const alive = setInterval(() => {}, 60_000); // The servers themselves do not keep Node alive.
  // Until here a signal ends the process at once, and the half-started servers with it.
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  clearInterval(alive);
  await Promise.all(servers.map((server) => server.stop()));
  return 0;
}

async function prepare(): Promise<number> {
  const missing = await prepareServers({ report });
  for (const sentence of missing) console.error(sentence);
  if (missing.length === 0) console.error('All servers for the tests are ready.');
  return missing.length === 0 ? 0 : 1;
}

const [name = '', option, host, ...more] = process.argv.slice(2);
const understood =
  option === undefined || (name === 'up' && option === '--host' && host !== undefined && more.length === 0);
const commands: Record<string, (host?: string) => Promise<number>> = { up, prepare };
const command = commands[name];
if (command === undefined || !understood) {
  console.error(usage);
  process.exitCode = 2;
} else {
  process.exitCode = await command(host);
}
