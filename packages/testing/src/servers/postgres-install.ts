import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { installedProgram } from './debian-packages.ts';
import { findProgram } from './find-program.ts';
import { dataInTree, insideTree } from './postgres-tree.ts';
import { runCommand } from './run-command.ts';
import { CannotProvide, type Report } from './running-server.ts';

// Raise the last number when what is done here changes.
const folderName = 'postgresql-18-documentdb-1';

export interface PostgresInstallation {
  /** A whole Debian in a folder, with PostgreSQL 18 and the extension DocumentDB in it. */
  readonly tree: string;
  /** A database cluster with the extension in place, to be copied for each server. */
  readonly template: string;
}

/** Throws `CannotProvide` when there is no hope here, before anything slow begins. */
export function requirePostgresPossible(): void {
  if (process.getuid?.() !== 0 || process.platform !== 'linux') {
    throw new CannotProvide(
      'A MongoDB-compatible server without Docker needs root on a Debian; start Docker, or set MONGODB_URL.',
    );
  }
}

/**
 * PostgreSQL 18 with the DocumentDB extension. Only Debian's "sid" has it, so a small sid is put into a folder of its own
 * (about 60 s); nothing of it touches this machine's packages. Needs root.
 */
export async function installPostgres(options: { cacheDir: string; report: Report }): Promise<PostgresInstallation> {
  const folder = await cachedFolder(options.cacheDir, folderName, async (empty) => {
    const debootstrap = await installedProgram('debootstrap', ['debootstrap'], options);
    const unshare = findProgram('unshare');
    if (unshare === undefined) throw new CannotProvide('The program unshare is missing; install util-linux.');
    const tree = join(empty, 'tree');
    options.report('Installing PostgreSQL 18 with DocumentDB from Debian sid into a folder, about 60 s …');
    // What debootstrap mounts stays in a mount namespace of its own, so nothing is left mounted when it is interrupted.
    await runCommand(unshare, ['--mount', '--propagation', 'private', debootstrap, '--variant=minbase', 'sid', tree]);
    writeFileSync(join(tree, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    mkdirSync(join(tree, 'etc/postgresql-common'), { recursive: true });
    writeFileSync(join(tree, 'etc/postgresql-common/createcluster.conf'), 'create_main_cluster = false\n');
    await installPackages(tree);
    await makeTemplate(tree, join(empty, 'template'));
  });
  return { tree: join(folder, 'tree'), template: join(folder, 'template') };
}

async function installPackages(tree: string): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = 'apt-get install -y --no-install-recommends postgresql-18-documentdb && apt-get clean';
  // debootstrap has just fetched the package lists. If they are not there, fetch them, believing a mirror's date.
  const update = 'apt-get -o Acquire::Check-Valid-Until=false update';
  await runCommand(...insideTree(tree, { script: `(${install}) || (${update} && ${install})` }), { env });
}

/** initdb and CREATE EXTENSION take seconds; a copy of their result takes a fraction of one. */
async function makeTemplate(tree: string, template: string): Promise<void> {
  mkdirSync(template);
  const script = `
    set -e
    initdb -D ${dataInTree} --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync
    cat >> ${dataInTree}/postgresql.conf <<'END'
${postgresSettings}END
    pg_ctl -w -D ${dataInTree} -o "-c listen_addresses='' -c unix_socket_directories=${dataInTree}" start
    psql -h ${dataInTree} -U postgres -v ON_ERROR_STOP=1 -c 'CREATE EXTENSION documentdb CASCADE' postgres
    pg_ctl -w -D ${dataInTree} -m fast stop`;
  await runCommand(...insideTree(tree, { script, dataFolder: template, asPostgres: true }));
}

const postgresSettings = `shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
cron.host = '127.0.0.1'
cron.log_run = off
cron.log_statement = off
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
max_wal_size = 1GB
checkpoint_timeout = 15min
jit = off
`;
