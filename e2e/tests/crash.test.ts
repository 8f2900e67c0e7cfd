import { expect, test } from 'vitest';
import { runCrashCommand } from './crash-command.ts';

test('everything in one process, killed 10 times under load, keeps every promise', { timeout: 240_000 }, async ({
  signal,
}) => {
  const report = await runCrashCommand(['--mode', 'embedded', '--kills', '10', '--seconds', '25'], signal);
  expect(report?.violations).toEqual([]);
});
