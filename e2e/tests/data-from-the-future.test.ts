import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { expect, onTestFinished, test } from 'vitest';

const main = fileURLToPath(new URL('../../packages/standalone/src/main.ts', import.meta.url));

/** Starts Tributary on documents of which those of `service` were written by a release two versions newer. */
async function startOnNewerDataOf(service: string) {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-future-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  {
    await using docStore = await openEmbeddedStore({ folder: join(folder, 'documents') });
    const versions = await docStore.collection('schema_versions');
    await versions.updateOne({ _id: service }, { $set: { version: 3, oldestReader: 2 } }, { upsert: true });
  }
  const child = spawn(process.execPath, ['--conditions=@tributary/source', main], {
    env: { ...process.env, TRIBUTARY_DATA_DIR: folder, HTTP_PORT: '0', GRPC_PORT: '0', SMTP_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [printed, [code]] = await Promise.all([text(child.stderr), once(child, 'exit'), text(child.stdout)]);
  return { code, printed };
}

test.each(['ticketing', 'router', 'gateway-email', 'gateway-chat', 'gateway-social', 'gateway-phone'])(
  'documents of %s from the future: it ends with code 1 and one log line that says what to do',
  async (service) => {
    const { code, printed } = await startOnNewerDataOf(service);
    const lines = printed.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({
        level: 60,
        err: expect.objectContaining({
          message:
            `${service}: the documents are of version 3, which code from version 2 on can read; this code is version 1. ` +
            `Start a newer release of ${service}, or restore a backup from before the upgrade.`,
        }),
      }),
    ]);
    expect(code).toBe(1);
  },
);
