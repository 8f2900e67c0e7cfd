// images.mjs [--tag TAG] [--registry PREFIX] [SERVICE...]: builds the images of all services, or of those named, in the Docker engine.
// BUILDER and BASE name the images to begin with (deploy/Dockerfile); with neither, and no registry to be reached, they are made here.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../scripts/install.mjs';
import { makeBaseImages } from './base-images.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tag: { type: 'string', default: version },
    registry: { type: 'string', default: '' },
  },
});
const known = readdirSync(join(root, 'services'));
const unknown = positionals.filter((service) => !known.includes(service));
if (unknown.length > 0) end(`There is no service ${unknown.join(', ')}. Services: ${known.join(', ')}`);
if (!succeeds('docker', ['version'])) end('No Docker engine answers (docker version).');

const begin = baseImages();
const revision = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() || 'unknown';
for (const service of positionals.length > 0 ? positionals : known) {
  const name = `${values.registry}tributary/${service}:${values.tag}`;
  const settings = { ...begin, SERVICE: service, VERSION: values.tag, REVISION: revision };
  const buildArguments = Object.entries(settings).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  const command = ['build', '--network=host', '-f', 'deploy/Dockerfile', ...buildArguments, '-t', name, '.'];
  const { status } = spawnSync('docker', command, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) end(`${name} could not be built.`);
  const bytes = spawnSync('docker', ['image', 'inspect', '-f', '{{.Size}}', name], { encoding: 'utf8' }).stdout;
  process.stdout.write(`${name} ${Math.round(Number(bytes) / 1e6)} MB\n`);
}

/** What the Dockerfile's arguments are to be, where not its defaults. */
function baseImages() {
  const { BUILDER, BASE } = process.env;
  if (BUILDER || BASE) return { ...(BUILDER && { BUILDER }), ...(BASE && { BASE }) };
  const defaults = [...readFileSync(join(root, 'deploy/Dockerfile'), 'utf8').matchAll(/^ARG (?:BUILDER|BASE)=(\S+)/gm)];
  const canBeHad = ([, image]) =>
    succeeds('docker', ['image', 'inspect', image]) || succeeds('docker', ['pull', image]);
  if (defaults.every(canBeHad)) return {};
  process.stderr.write('No image registry can be reached: making the base images from this machine.\n');
  const { builder, base } = makeBaseImages();
  return { BUILDER: builder, BASE: base };
}

function succeeds(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function end(text) {
  process.stderr.write(`${text}\n`);
  process.exit(1);
}
