import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** What an image starts Node with, before the file. */
export const nodeArguments: readonly string[] = JSON.parse(
  /^ENTRYPOINT (.*)$/m.exec(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8'))?.[1] ?? '[]',
).slice(1);

/** Builds the workspace, as far as it has changed. */
export async function build(): Promise<void> {
  await execute(join(root, 'node_modules/.bin/tsc'), ['-b'], { cwd: root });
}

/** A service in a folder of its own outside the repository, as its image holds it. */
export async function pack(service: string): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'tributary-packed-')), service);
  await execute('node', [join(root, 'deploy/pack.mjs'), service, folder]);
  return folder;
}
