import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandLine } from './die-with-parent.ts';

/** Where a server's data appears inside the tree. */
export const dataInTree = '/srv/data';

const programs = '/usr/lib/postgresql/18/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface TreeCommand {
  readonly script: string;
  /** Mounted at `dataInTree`, and given to the user postgres. */
  readonly dataFolder?: string;
  /** Run as the tree's user postgres, and die with the process that started this. PostgreSQL refuses to run as root. */
  readonly asPostgres?: boolean;
}

/**
 * A command line that runs a shell script inside the tree. Needs root.
 *
 * What it mounts lives in mount and IPC namespaces of its own and vanishes with the process, however that ends, shared
 * memory too. Every step replaces the one before, so a script that ends in `exec` keeps the process id.
 */
export function insideTree(tree: string, command: TreeCommand): [program: string, args: string[]] {
  mkdirSync(join(tree, dataInTree), { recursive: true });
  const steps = [
    'mount -t proc proc "$1/proc"',
    'mount -t tmpfs -o mode=1777 shm "$1/dev/shm"',
    ...(command.dataFolder === undefined
      ? []
      : [`mount --bind "$2" "$1${dataInTree}"`, `chroot "$1" chown postgres:postgres ${dataInTree}`]),
    `chmod 700 "$1${dataInTree}"`,
    `cd "$1" && PATH=${programs} exec chroot . ${command.asPostgres === true ? `${asPostgres} ` : ''}/bin/sh -c "$3"`,
  ];
  const unshare = ['--mount', '--ipc', '--propagation', 'private', '--'];
  const shell = ['/bin/sh', '-c', steps.join(' && '), 'sh', tree, command.dataFolder ?? '', command.script];
  return ['unshare', [...unshare, ...shell]];
}

// setpriv must be the last to change the user: that would take the wish to die with the parent away again.
const asPostgres =
  'setpriv --reuid=postgres --regid=postgres --clear-groups --pdeathsig KILL -- env HOME=/tmp USER=postgres';

/** The command line that runs PostgreSQL itself on a copy of the template. */
export function postgresCommand(tree: string, dataFolder: string, port: number): CommandLine {
  const script = `exec postgres -D ${dataInTree} -p ${port}`;
  const [program, args] = insideTree(tree, { script, dataFolder, asPostgres: true });
  return [program, ...args];
}
