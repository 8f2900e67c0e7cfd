import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findPromtool } from '@tributary/testing/servers';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const telemetry = join(root, 'deploy/telemetry');
const read = (file: string) => readFileSync(file, 'utf8');
const dashboards = ['operator', 'supervisor'].map((name) => join(telemetry, `grafana/dashboards/${name}.json`));

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
const rules: readonly Rule[] = parse(read(join(telemetry, 'alerts.yml'))).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

/** What Prometheus calls the instruments that the code makes. */
function declaredMetrics(): Set<string> {
  const names = new Set(['up']);
  for (const file of globSync('{packages,services}/*/src/**/*.ts', { cwd: root })) {
    for (const [, kind, name] of read(join(root, file)).matchAll(/\.create(\w+)\(\s*'([a-z_.]+)'/g)) {
      const prometheus = (name ?? '').replaceAll('.', '_');
      if (kind === 'Counter') names.add(`${prometheus}_total`);
      else if (kind === 'Histogram') for (const part of ['bucket', 'sum', 'count']) names.add(`${prometheus}_${part}`);
      else names.add(prometheus);
    }
  }
  // Of @opentelemetry/instrumentation-runtime-node.
  for (const name of ['nodejs_eventloop_delay_p99', 'nodejs_eventloop_utilization']) names.add(name);
  return names;
}

/** Metric names stand before their labels. */
const metricsIn = (expression: string) => [...expression.matchAll(/([a-z_0-9]+)\{/g)].map(([, name]) => name);

test('dashboards and alerts ask only for metrics that the code has', () => {
  const panels: readonly { readonly targets: readonly { readonly expr: string }[] }[] = dashboards.flatMap(
    (file) => JSON.parse(read(file)).panels,
  );
  const expressions = [
    ...rules.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];
  const asked = new Set(expressions.flatMap(metricsIn));
  expect(asked.size).toBeGreaterThan(15);
  const declared = declaredMetrics();
  expect([...asked].filter((name) => !declared.has(name ?? ''))).toEqual([]);
});

test('every alert has an entry in the runbook that says what it means, what to look at and what to do, and no entry is left over', () => {
  const [, ...entries] = read(join(root, 'docs/runbook.md')).split(/^## /m);
  expect(entries.map((entry) => entry.split('\n')[0])).toEqual(rules.map(({ alert }) => alert));
  for (const entry of entries) expect(entry).toMatch(/\*\*Means\.\*\*.*\*\*Look at\.\*\*.*\*\*Do\.\*\*/s);
});

const promtool = await findPromtool((line) => process.stderr.write(`${line}\n`));
if (typeof promtool !== 'string' && process.env['TRIBUTARY_REQUIRE_SERVERS'] === '1')
  throw new Error(promtool.unavailable);

const ruleTests = ['alerts.test.yml', 'alerts-week.test.yml'];

test.skipIf(typeof promtool !== 'string')(
  'alerts fire when they should and not before',
  { timeout: 120_000 },
  async () => {
    const run = (...args: string[]) => promisify(execFile)(promtool as string, args, { cwd: telemetry });
    await run('check', 'config', 'prometheus.yml');
    await run('test', 'rules', ...ruleTests);
    const tested: readonly { alert_rule_test: readonly { alertname: string; exp_alerts: readonly unknown[] }[] }[] =
      ruleTests.flatMap((file) => parse(read(join(telemetry, file))).tests);
    const fired = tested.flatMap(({ alert_rule_test: cases }) =>
      cases.filter(({ exp_alerts: expected }) => expected.length > 0).map(({ alertname }) => alertname),
    );
    expect(rules.map(({ alert }) => alert).filter((alert) => !fired.includes(alert))).toEqual([]);
  },
);
