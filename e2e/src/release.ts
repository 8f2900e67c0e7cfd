import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, cachedFolder } from '@tributary/testing/servers';
import { type ProviderChannel, providerChannels } from './providers/index.ts';

/** The checkout that this file is of. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** A release in a folder of its own, installed. */
export interface Release {
  readonly commit: string;
  readonly folder: string;
}

/** What the last release renewed; see CONTRIBUTING.md. */
const releasedContracts = 'proto/baseline.binpb';

/** @returns the newest tag, or while there is none the commit that renewed the released contracts last. */
export function previousRelease(): string {
  const tag = git('tag', '--sort=-creatordate', '--merged', 'HEAD').split('\n')[0];
  return tag || git('log', '-1', '--format=%H', '--', releasedContracts);
}

/**
 * Takes a release from git into the cache folder and installs it there, unless it is there already.
 * @throws when this is no git checkout with its history, or the install fails.
 */
export async function checkOutRelease(revision: string, report: (line: string) => void): Promise<Release> {
  const commit = git('rev-parse', '--verify', `${revision}^{commit}`);
  const folder = await cachedFolder(cacheDirectory(), `release-${commit}`, async (empty) => {
    const archive = join(empty, 'release.tar');
    git('archive', '--output', archive, commit);
    run('tar', ['-xf', archive, '-C', empty]);
    rmSync(archive);
  });
  report(`the previous release is ${commit}, in ${folder}`);
  run(process.execPath, [join(folder, 'scripts', 'install.mjs')]);
  return { commit, folder };
}

/** Makes the release's own topics. */
export function applyTopicsOf({ folder }: Release, brokers: string): void {
  run(process.execPath, [join(folder, 'scripts', 'tributary.mjs'), 'topics', 'apply'], { KAFKA_BROKERS: brokers });
}

const ofPhone: ReadonlySet<ProviderChannel> = new Set(['sms', 'whatsapp']);

/** The simulated providers' channels that a release knows, beside email and chat, which all do. */
export function providerChannelsOf(folder: string): ProviderChannel[] {
  return providerChannels.filter((channel) =>
    existsSync(join(folder, 'services', ofPhone.has(channel) ? 'gateway-phone' : 'gateway-social', 'src')),
  );
}

function git(...args: string[]): string {
  return run('git', ['-C', checkout, ...args]);
}

function run(program: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr}`);
  return stdout.trim();
}
