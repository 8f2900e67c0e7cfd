import { expect, test } from 'vitest';
import { runCrashCommand } from './crash-command.ts';

// Broker and database of its own: those of the other tests must not be killed.
test('services, broker and database, killed 20 times under load, keep every promise', { timeout: 600_000 }, async ({
  signal,
  skip,
}) => {
  const report = await runCrashCommand(['--mode', 'scale', '--kills', '20', '--seconds', '90'], signal);
  if (report === undefined && process.env['TRIBUTARY_REQUIRE_SERVERS'] !== '1') skip('no Kafka or no MongoDB here');
  expect(report?.violations).toEqual([]);
});
