import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.ts';
import { dataFolder } from './data-folder.ts';
import { installedProgram } from './debian-packages.ts';
import { dieWithParent } from './die-with-parent.ts';
import { dovecotSettings, dovecotUsers, mailOwner } from './dovecot-settings.ts';
import { freePort } from './free-port.ts';
import { imapAnswers } from './imap-probe.ts';
import { runCommand } from './run-command.ts';
import {
  CannotProvide,
  orUnavailable,
  type Report,
  type RunningServer,
  type ServerOptions,
  type Unavailable,
} from './running-server.ts';
import { ServerProcess } from './server-process.ts';

export interface DovecotOptions extends ServerOptions {
  /** Name → password, at least one. A name may be an address. */
  readonly users: Readonly<Record<string, string>>;
}

export interface RunningDovecot extends RunningServer {
  readonly imapPort: number;
  /** The user's INBOX as a maildir; other folders lie in it as `.Name`. */
  maildir(user: string): string;
  /** Puts a message, whole with its headers, into the user's INBOX as a mail server would. A client in IDLE is told. */
  deliver(user: string, message: string | Uint8Array): void;
}

const startTimeoutMs = 30_000;

/** A private Dovecot that speaks IMAP without TLS on 127.0.0.1. Throws when it starts and fails. */
export async function startDovecot(options: DovecotOptions): Promise<RunningDovecot | Unavailable> {
  return orUnavailable(() => startDovecotHere(options));
}

/** The Dovecot program, installed with apt-get when missing. Its configuration is written for 2.3. */
export async function installDovecot(options: { cacheDir: string; report: Report }): Promise<string> {
  const dovecot = await installedProgram('dovecot', ['dovecot-core', 'dovecot-imapd'], options);
  if (!existsSync('/usr/lib/dovecot/imap')) {
    throw new CannotProvide('Dovecot is here without its IMAP part; run `apt-get install dovecot-imapd` once.');
  }
  const version = (await runCommand(dovecot, ['--version'])).trim();
  if (!version.startsWith('2.3.')) throw new CannotProvide(`Dovecot 2.3 is needed; this machine has ${version}.`);
  return dovecot;
}

async function startDovecotHere(options: DovecotOptions): Promise<RunningDovecot> {
  const users = dovecotUsers(options.users);
  const [someone] = Object.entries(options.users);
  if (someone === undefined) throw new Error('startDovecot needs at least one user');
  const cacheDir = options.cacheDir ?? cacheDirectory();
  const dovecot = await installDovecot({ cacheDir, report: options.report });
  const folder = dataFolder('dovecot', options.dataDir);
  const run = dataFolder('imap', undefined);
  const imapPort = await freePort();
  const mail = join(folder.path, 'mail');
  makeMailFolder(mail);
  for (const user of Object.keys(options.users)) makeMaildir(join(mail, user));
  const settingsFile = join(folder.path, 'dovecot.conf');
  writeFileSync(settingsFile, dovecotSettings({ imapPort, runDir: run.path, dataDir: folder.path }));
  writeFileSync(join(folder.path, 'users'), users);
  chmodSync(join(folder.path, 'users'), 0o644); // Read by Dovecot's own user.

  const launch = async () => {
    const started = new ServerProcess({
      name: 'Dovecot',
      command: dieWithParent([dovecot, '-F', '-c', settingsFile]),
      logFile: join(folder.path, 'dovecot.log'),
      stopSignal: 'SIGTERM',
    });
    try {
      await started.waitUntil(() => imapAnswers(imapPort, ...someone), startTimeoutMs);
    } catch (error) {
      started.kill();
      throw error;
    }
    return started;
  };
  let server = await launch();
  const maildir = (user: string) => {
    if (!(user in options.users)) throw new Error(`Dovecot has no user ${user}`);
    return join(mail, user);
  };
  return {
    url: `imap://127.0.0.1:${imapPort}`,
    how: 'local',
    imapPort,
    maildir,
    deliver: (user, message) => deliver(maildir(user), message),
    get pids() {
      return [server.pid];
    },
    stop: async () => {
      await server.stop();
      run.remove();
      folder.remove();
    },
    kill: () => server.kill(),
    restart: async () => {
      await server.stop();
      server = await launch();
    },
  };
}

/** A mail is written aside and moved into `new`, so a reader never sees half of it. */
function deliver(maildir: string, message: string | Uint8Array): void {
  const name = `${Date.now()}.${randomUUID()}.tributary`;
  const aside = join(maildir, 'tmp', name);
  writeFileSync(aside, message);
  giveToMailOwner(aside);
  renameSync(aside, join(maildir, 'new', name));
}

function makeMaildir(maildir: string): void {
  for (const part of ['', 'tmp', 'new', 'cur']) makeMailFolder(join(maildir, part));
}

function makeMailFolder(path: string): void {
  mkdirSync(path, { recursive: true });
  giveToMailOwner(path);
}

function giveToMailOwner(path: string): void {
  const { uid, gid } = mailOwner();
  if (process.getuid?.() === 0) chownSync(path, uid, gid);
}
