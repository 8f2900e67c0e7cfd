import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommandLine } from '@tributary/testing';
import type { Row } from './benchmark.ts';
import { benchmarks } from './benchmarks/index.ts';
import { machineLine } from './machine.ts';
import { stopServers } from './real-servers.ts';
import { renderTable, replaceSection } from './table.ts';

const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
const names = benchmarks.map(({ name }) => name);
const usage = `npm run bench -- [--only NAME,…] [--rounds N] [--json] [--no-write]

Measures Tributary against bare baselines and writes the table into README.md.
  --only      just these of ${names.join(', ')}; README.md is left alone then
  --rounds    interleaved rounds of each comparison (default 5, which is also the least)
  --json      prints the rows as JSON
  --no-write  leaves README.md alone
Exit codes: 0 measured, whatever the figures; 1 failed; 2 wrong arguments.
`;

process.exitCode = await runCommandLine(usage, readArguments, measure);

async function measure(settings: ReturnType<typeof readArguments>): Promise<number> {
  const rows: Row[] = [];
  try {
    for (const benchmark of benchmarks.filter(({ name }) => settings.only.includes(name))) {
      const report = (line: string) => void process.stderr.write(`${benchmark.name}: ${line}\n`);
      report('begins');
      rows.push(...(await benchmark.run({ rounds: settings.rounds, report })));
    }
  } finally {
    await stopServers();
  }
  const command = ['npm run bench', ...(settings.rounds === 5 ? [] : [`-- --rounds ${settings.rounds}`])].join(' ');
  const table = renderTable(rows, machineLine(command, settings.rounds));
  process.stdout.write(settings.json ? `${JSON.stringify(rows, undefined, 2)}\n` : `${table}\n`);
  if (settings.write && settings.only.length === names.length)
    writeFileSync(readme, replaceSection(readFileSync(readme, 'utf8'), table));
  return 0;
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: names.join(',') },
      rounds: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const only = values.only.split(',').map((name) => name.trim());
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length > 0) throw new Error(`--only: there is no ${unknown.join(', ')}; there are ${names.join(', ')}`);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 5 || rounds > 1000)
    throw new Error('--rounds must be a whole number from 5');
  return { only, rounds, json: values.json, write: !values['no-write'], help: values.help };
}
