import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { dataFolder } from './data-folder.ts';
import { dieWithParent } from './die-with-parent.ts';
import { startMongoInDocker } from './docker-servers.ts';
import { installFerretdb } from './ferretdb-install.ts';
import { freePort } from './free-port.ts';
import { mongoAnswers } from './mongo-probe.ts';
import { installPostgres, requirePostgresPossible } from './postgres-install.ts';
import { postgresCommand } from './postgres-tree.ts';
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

/**
 * A MongoDB, or a server compatible with it: the one `MONGODB_URL` names, else mongo in Docker, else FerretDB on
 * PostgreSQL with DocumentDB, which has no transactions. `url` is a connection string without a database.
 * Resolves when it runs commands; throws when it starts and fails.
 */
export async function startMongo(options: ServerOptions): Promise<RunningServer | Unavailable> {
  const named = process.env['MONGODB_URL'];
  if (named !== undefined && named !== '') return environmentServer(named, 'MONGODB_URL', options.report);
  return orUnavailable(async () => (await startMongoInDocker(options)) ?? startFerretdbHere(options));
}

/** Installs what `startFerretdbHere` needs; both parts at once, for one waits for the network while the other computes. */
export async function installMongo(options: { cacheDir: string; report: ServerOptions['report'] }) {
  requirePostgresPossible();
  const [postgres, ferretdb] = await Promise.allSettled([installPostgres(options), installFerretdb(options)]);
  if (postgres.status === 'rejected') throw postgres.reason;
  if (ferretdb.status === 'rejected') throw ferretdb.reason;
  return { ...postgres.value, ferretdb: ferretdb.value };
}

async function startFerretdbHere(options: ServerOptions): Promise<RunningServer> {
  const cacheDir = options.cacheDir ?? cacheDirectory();
  const installed = await installMongo({ cacheDir, report: options.report });
  const folder = dataFolder('mongo', options.dataDir);
  const cluster = join(folder.path, 'postgres');
  if (!existsSync(cluster)) await copyWhole(installed.template, cluster);
  const port = await freePort();
  const postgresPort = await freePort();
  const host = options.host ?? '127.0.0.1';
  const url = `mongodb://${host}:${port}/?directConnection=true`;

  const launch = async () => {
    const postgres = new ServerProcess({
      name: 'PostgreSQL',
      command: postgresCommand(installed.tree, cluster, postgresPort),
      logFile: join(folder.path, 'postgres.log'),
      stopSignal: 'SIGINT', // Its word for: end now, in order, whoever is connected.
    });
    const ferretdb = new ServerProcess({
      name: 'FerretDB',
      command: dieWithParent([
        installed.ferretdb,
        `--postgresql-url=postgres://postgres@127.0.0.1:${postgresPort}/postgres`,
        `--listen-addr=${host}:${port}`,
        '--no-auth',
        '--debug-addr=',
        `--state-dir=${folder.path}`,
      ]),
      env: { FERRETDB_TELEMETRY: 'disable' },
      logFile: join(folder.path, 'ferretdb.log'),
      stopSignal: 'SIGTERM',
    });
    try {
      await ferretdb.waitUntil(() => mongoAnswers(url), startTimeoutMs);
    } catch (error) {
      ferretdb.kill();
      postgres.kill();
      throw error;
    }
    return { ferretdb, postgres };
  };
  let server = await launch();
  const stop = async () => {
    await server.ferretdb.stop();
    await server.postgres.stop();
  };
  return {
    url,
    how: 'local',
    get pids() {
      return [server.ferretdb.pid, server.postgres.pid];
    },
    stop: async () => {
      await stop();
      folder.remove();
    },
    kill: () => {
      server.ferretdb.kill();
      server.postgres.kill();
    },
    restart: async () => {
      await stop();
      server = await launch();
    },
  };
}

/** Under its final name the copy is complete, also when an earlier attempt was interrupted. */
async function copyWhole(from: string, to: string): Promise<void> {
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  await runCommand('cp', ['-a', '--reflink=auto', from, unfinished]);
  renameSync(unfinished, to);
}
