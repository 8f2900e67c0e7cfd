import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './find-program.ts';
import { withLock } from './lock-file.ts';
import { runCommand } from './run-command.ts';
import { CannotProvide, type Report } from './running-server.ts';

const servicePolicy = '/usr/sbin/policy-rc.d';
let listsUpdated = false;

/**
 * The full path of `program`, after installing `packages` with apt-get when it is missing.
 * Throws `CannotProvide` when this machine is no Debian, or we may not install on it.
 */
export async function installedProgram(
  program: string,
  packages: readonly string[],
  options: { readonly cacheDir: string; readonly report: Report },
): Promise<string> {
  const present = findProgram(program);
  if (present !== undefined) return present;
  const wanted = packages.join(' ');
  if (findProgram('apt-get') === undefined) {
    throw new CannotProvide(`The program ${program} is missing; install it (Debian's name for it: ${wanted}).`);
  }
  if (process.getuid?.() !== 0) {
    throw new CannotProvide(`The program ${program} is missing; run \`sudo apt-get install ${wanted}\` once.`);
  }
  mkdirSync(options.cacheDir, { recursive: true });
  await withLock(join(options.cacheDir, 'apt-get.lock'), async () => {
    if (findProgram(program) !== undefined) return;
    options.report(`Installing ${wanted} with apt-get …`);
    await aptGet(options.report, 'install', '-y', '--no-install-recommends', ...packages);
  });
  const installed = findProgram(program);
  if (installed === undefined)
    throw new CannotProvide(`apt-get installed ${wanted}, but there is no ${program} in it.`);
  return installed;
}

async function aptGet(report: Report, ...args: string[]): Promise<void> {
  const waitForOthers = ['-o', 'DPkg::Lock::Timeout=600', '-q'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (!listsUpdated) {
    // Somebody else may be at it, and yesterday's lists are better than none.
    await runCommand('apt-get', [...waitForOthers, 'update'], { env }).catch((error: CannotProvide) =>
      report(`${error.message}\nGoing on with the package lists there are.`),
    );
    listsUpdated = true;
  }
  // Packages of servers start them at once. We want their programs, not a mail server on this machine's port 143.
  const ownPolicy = !existsSync(servicePolicy);
  if (ownPolicy) writeFileSync(servicePolicy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await runCommand('apt-get', [...waitForOthers, ...args], { env, mustFinish: true });
  } finally {
    if (ownPolicy) rmSync(servicePolicy, { force: true });
  }
}
