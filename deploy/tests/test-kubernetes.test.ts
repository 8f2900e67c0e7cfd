import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('npm run test:kubernetes without a cluster says so and how to get one', () => {
  const script = join(import.meta.dirname, '../test-kubernetes.mjs');
  const { status, stderr } = spawnSync('node', [script], {
    encoding: 'utf8',
    env: { ...process.env, KUBECONFIG: '/dev/null' },
  });
  expect(status).toBe(1);
  expect(stderr).toContain('kubectl has no current context: nothing was tested');
  expect(stderr).toContain('kind create cluster');
});
