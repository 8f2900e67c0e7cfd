import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { expectOneTrace, observedSystem } from './one-trace.ts';
import { startOneProcess } from './processes.ts';

test('one trace leads from the webhook over the log, the router and the outbox to the answer, in one process', {
  timeout: 240_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-telemetry-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await expectOneTrace(await observedSystem((environment) => startOneProcess(folder, environment)));
});
