import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);
const engine = spawnSync('docker', ['version'], { stdio: 'ignore' }).status === 0;
if (!engine) process.stderr.write('No image was built: no Docker engine answers here (docker version).\n');

test.skipIf(!engine)(
  'an image is built, has no shell, and starts as nobody with a read-only root: it names what it needs',
  async () => {
    const { stdout } = await execute('node', ['deploy/images.mjs', '--tag', '0.0.0-test', 'router'], { cwd: root });
    const [image = ''] = stdout.split(' ');
    const run = (...args: string[]) =>
      spawnSync('docker', ['run', '--rm', '--network=none', '--read-only', '--cap-drop=ALL', ...args], {
        encoding: 'utf8',
      });
    try {
      const { stderr, status } = run(image);
      expect(stderr).toContain('KAFKA_BROKERS: must name at least one broker as host:port');
      expect(status).toBe(1);
      expect(run('--entrypoint=/bin/sh', image, '-c', 'true').status).not.toBe(0);
      expect(run(image, '-p', 'process.getuid()').stdout).toBe('65532\n');
    } finally {
      spawnSync('docker', ['image', 'rm', image]);
    }
  },
  1_200_000,
);
