// pack.mjs SERVICE FOLDER: a service with all it needs at run time, and nothing else, as plain JavaScript. `node dist/main.js` in
// the folder starts it. Wants an installed workspace that `tsc -b` has built.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const packageManager = 'pnpm@12.21.0';
/** What only people and compilers read, and tests. */
const needless = /\.(map|[cm]?ts|tsbuildinfo|markdown|md)$|\.test\.js$/;
const licence = /licen[cs]e|notice|copying/i;

const [service, folder] = process.argv.slice(2);
if (service === undefined || folder === undefined || !existsSync(join(root, 'services', service, 'dist', 'main.js'))) {
  process.stderr.write(
    `Usage: node deploy/pack.mjs SERVICE FOLDER, after npm run build. Services: ${readdirSync(join(root, 'services')).join(', ')}\n`,
  );
  process.exit(2);
}
const target = resolve(folder);
const filter = `@tributary/${service}`;
const command = ['--yes', packageManager, '--filter', filter, 'deploy', '--prod', '--silent', target];
const { status } = spawnSync('npx', command, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
for (const path of readdirSync(target, { recursive: true })) {
  if (needless.test(path) && !licence.test(basename(path))) rmSync(join(target, path), { force: true });
}
// The contracts, for gRPC reflection.
cpSync(join(root, 'proto', 'tributary'), join(target, 'proto', 'tributary'), { recursive: true });
