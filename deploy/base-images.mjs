// base-images.mjs: the two images that deploy/Dockerfile begins with, made from this machine where no image registry can be reached
// (Linux with glibc, Debian's debootstrap, root, a Docker engine). Prints the build arguments.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled, node } from '../scripts/install.mjs';

const certificates = '/etc/ssl/certs/ca-certificates.crt';

/**
 * @returns Names of images in the engine: `builder` has Node, npm and a shell, `base` what Node is linked to, CA certificates
 * and a user, nothing that could be run.
 */
export function makeBaseImages() {
  ensureInstalled();
  const folder = mkdtempSync(join(tmpdir(), 'tributary-base-'));
  try {
    return { builder: makeBuilder(join(folder, 'builder')), base: makeBase(join(folder, 'base')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeBase(folder) {
  const libraries = run('ldd', [node])
    .split('\n')
    .flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  for (const path of [...libraries, certificates]) put(folder, path, path);
  mkdirSync(join(folder, 'tmp'), { mode: 0o1777 });
  mkdirSync(join(folder, 'etc'), { recursive: true });
  writeFileSync(join(folder, 'etc', 'passwd'), 'nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n');
  return imported(folder, 'tributary-base:local');
}

function makeBuilder(folder) {
  run('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', folder]);
  put(folder, node, '/usr/local/bin/node');
  put(folder, certificates, certificates);
  // …/npm/bin/npm-cli.js
  const npm = dirname(dirname(realpathSync(run('which', ['npm']).trim())));
  cpSync(npm, join(folder, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    run('ln', ['-s', `../lib/node_modules/npm/bin/${name}-cli.js`, join(folder, 'usr/local/bin', name)]);
  }
  // Where this machine gets its packages from; it stays in the builder.
  const npmrc = join(homedir(), '.npmrc');
  if (existsSync(npmrc)) put(folder, npmrc, '/root/.npmrc');
  return imported(folder, 'tributary-builder:local', ['-c', `ENV NODE_EXTRA_CA_CERTS=${certificates}`]);
}

function put(folder, from, to) {
  mkdirSync(dirname(join(folder, to)), { recursive: true });
  cpSync(from, join(folder, to), { dereference: true });
}

function imported(folder, name, options = []) {
  const archive = `${folder}.tar`;
  run('tar', ['--numeric-owner', '-C', folder, '-cf', archive, '.']);
  run('docker', ['import', ...options, archive, name]);
  return name;
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { builder, base } = makeBaseImages();
  process.stdout.write(`--build-arg BUILDER=${builder} --build-arg BASE=${base}\n`);
}
