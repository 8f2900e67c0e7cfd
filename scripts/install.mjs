// Installs the workspace when it is not, or no longer, installed. Runs on any Node from 20 on, with nothing installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageManager = 'pnpm@12.21.0';
const stampFile = join(root, 'node_modules', '.tributary-installed');

/** Node 24, which comes with the install. */
export const node = join(root, 'node_modules', 'node', 'bin', 'node');

/** Makes sure that the packages are those of the lock file. Does nothing when they are. Ends the process when it cannot. */
export function ensureInstalled() {
  const stamp = fingerprint();
  if (existsSync(node) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  process.stderr.write('Installing the packages and Node 24 (about a minute the first time) …\n');
  const { status } = spawnSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    // Its progress is of no use to whoever reads our standard output.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, CI: 'true' },
  });
  if (status !== 0) {
    process.stderr.write(`The install failed. Try it alone to see why: npx ${packageManager} install\n`);
    process.exit(1);
  }
  writeFileSync(stampFile, stamp);
}

function fingerprint() {
  const hash = createHash('sha256');
  const manifests = ['packages', 'services']
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name, 'package.json')))
    .concat('package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml');
  for (const manifest of manifests.sort()) {
    const path = join(root, manifest);
    if (existsSync(path)) hash.update(manifest).update(readFileSync(path));
  }
  return hash.digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
