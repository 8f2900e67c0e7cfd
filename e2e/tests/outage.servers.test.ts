import { expect, test } from 'vitest';
import { runCrashCommand } from './crash-command.ts';

// Broker and database of its own: those of the other tests must not be taken away.
test('while the broker, then the database is away memory stays bounded and health says so; afterwards everything is delivered', {
  timeout: 600_000,
}, async ({ signal, skip }) => {
  const report = await runCrashCommand(['--outage', '--seconds', '15', '--writers', '3'], signal);
  if (report === undefined && process.env['TRIBUTARY_REQUIRE_SERVERS'] !== '1') skip('no Kafka or no MongoDB here');
  expect(report?.violations).toEqual([]);
});
