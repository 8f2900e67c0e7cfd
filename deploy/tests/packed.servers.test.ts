import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { until } from '@tributary/testing';
import { freePort } from '@tributary/testing/servers';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { build, nodeArguments, pack } from './packed.ts';

const brokers = inject('kafkaBrokers');
const mongo = inject('mongoUrl');
let folder = '';
const running = new Set<ChildProcess>();

beforeAll(async () => {
  await build();
  folder = await pack('ticketing');
}, 300_000);
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(file: string, environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [...nodeArguments, file], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { KAFKA_BROKERS: brokers, MONGODB_URL: mongo, LOG_LEVEL: 'warn', ...environment },
  });
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

const ended = async (child: ChildProcess) => (await once(child, 'exit'))[0] as number | null;

test.skipIf(brokers === undefined || mongo === undefined)(
  'what an image holds makes the topics, twice at once too, becomes ready, and stops on SIGTERM with code 0',
  async () => {
    const prepare = 'node_modules/@tributary/service-process/dist/prepare.js';
    // As a Job: what a slow broker does not serve in time is asked for again.
    const succeeds = () => until('topics', async () => (await ended(start(prepare))) === 0, { timeoutMs: 120_000 });
    await Promise.all([succeeds(), succeeds()]);
    expect(await ended(start(prepare))).toBe(0);
    const port = await freePort();
    const service = start('dist/main.js', { HTTP_PORT: String(port), GRPC_PORT: String(await freePort()) });
    await until(
      'it is ready',
      () =>
        fetch(`http://127.0.0.1:${port}/health/ready`).then(
          ({ ok }) => ok,
          () => false,
        ),
      { timeoutMs: 60_000 },
    );
    const end = ended(service);
    service.kill('SIGTERM');
    expect(await end).toBe(0);
  },
  240_000,
);
