import { LoadError, type LoadSettings, readLoadArguments, usage } from './load/arguments.ts';
import { loadReportText } from './load/report.ts';
import { runLoad } from './load/run-load.ts';

process.exitCode = await main();

async function main(): Promise<number> {
  let settings: LoadSettings;
  try {
    settings = readLoadArguments(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof LoadError)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return 2;
  }
  if (settings.help) {
    process.stdout.write(usage);
    return 0;
  }
  const abort = new AbortController();
  // The first Ctrl-C ends the load early and still reports.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort());
  const live = process.stderr.isTTY;
  const report = await runLoad(settings, {
    say: (line) => void process.stderr.write(`${live ? '\r\x1b[K' : ''}${line}\n`),
    progress: (line) => void process.stderr.write(live ? `\r\x1b[K${line}` : `${line}\n`),
    signal: abort.signal,
  });
  process.stdout.write(settings.json ? `${JSON.stringify(report)}\n` : `${loadReportText(report)}\n`);
  return report.channels.every(({ errors }) => Object.keys(errors).length === 0) ? 0 : 1;
}
