import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { reportText } from './crash-report.ts';
import { type Disruption, type Mode, runCrash } from './run-crash.ts';
import { SystemUnavailable } from './system.ts';

const usage = `npm run crash -- [--kills N | --outage | --rolling] [--seconds S] [--seed TEXT] [--mode scale|embedded|both] [--writers N] [--keep] [--json]

Puts load on Tributary, kills its parts with SIGKILL meanwhile, and checks every promise afterwards.
  --kills    how many (default 20)
  --outage   instead of kills: broker and database, one after the other, are away for --seconds (default 60)
  --rolling  instead of kills: two replicas of every service, each restarted with SIGTERM in its turn
  --seconds  over how long (default 4.5 a kill)
  --seed     repeats who is killed when (default: a new one, printed)
  --mode     scale: each service a process, a real Kafka and MongoDB, all of them killed (default)
             embedded: everything in one process
  --writers  mail threads, and as many chats, under way at once (default 5)
  --keep     keeps the processes' logs and data also when nothing was broken
  --json     prints the report as one JSON object
Exit codes: 0 every promise was kept; 1 some were broken, or the test failed; 2 wrong arguments; 3 no servers to run on.
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const settings = readArguments();
  if (typeof settings === 'string') {
    process.stderr.write(`${settings}\n\n${usage}`);
    return 2;
  }
  if (settings.help) {
    process.stdout.write(usage);
    return 0;
  }
  const abort = new AbortController();
  // In order, so that no process is left behind.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => abort.abort(new Error(`ended by ${name}`)));
  const startedAtMs = performance.now();
  const report = (line: string) => {
    const second = Math.round((performance.now() - startedAtMs) / 1000);
    process.stderr.write(`${String(second).padStart(4)} s  ${line}\n`);
  };
  report(`seed ${settings.seed}`);
  let broken = false;
  for (const mode of settings.modes) {
    try {
      const found = await runCrash({ ...settings, mode, report, signal: abort.signal });
      process.stdout.write(settings.json ? `${JSON.stringify(found)}\n` : `${reportText(found)}\n`);
      broken ||= found.violations.length > 0;
    } catch (error) {
      if (!(error instanceof SystemUnavailable)) throw error;
      process.stderr.write(`${error.message}\n`);
      return 3;
    }
  }
  return broken ? 1 : 0;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        kills: { type: 'string', default: '20' },
        outage: { type: 'boolean', default: false },
        rolling: { type: 'boolean', default: false },
        seconds: { type: 'string' },
        seed: { type: 'string', default: randomBytes(4).toString('hex') },
        mode: { type: 'string', default: 'scale' },
        writers: { type: 'string', default: '5' },
        keep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const modes: Record<string, readonly Mode[]> = {
      scale: ['scale'],
      embedded: ['embedded'],
      both: ['embedded', 'scale'],
    };
    const chosen = modes[values.mode];
    if (chosen === undefined) throw new Error('--mode must be scale, embedded or both');
    const kills = wholeNumber('--kills', values.kills);
    if (values.outage && values.rolling) throw new Error('--outage and --rolling exclude each other');
    const disruption: Disruption = values.outage ? 'outage' : values.rolling ? 'rolling' : 'kills';
    if (disruption !== 'kills' && values.mode !== 'scale') throw new Error(`--${disruption} needs --mode scale`);
    const defaultSeconds = values.outage ? 60 : kills * 4.5;
    return {
      ...values,
      kills,
      disruption,
      seconds: values.seconds === undefined ? defaultSeconds : wholeNumber('--seconds', values.seconds),
      writers: wholeNumber('--writers', values.writers),
      modes: chosen,
    };
  } catch (error) {
    return (error as Error).message;
  }
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new Error(`${option} must be a whole number from 1`);
  return value;
}
