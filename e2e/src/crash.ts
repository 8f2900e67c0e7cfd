import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runCommandLine } from '@tributary/testing';
import type { Disruption } from './run-crash.ts';
import { modesNamed, runModes, wholeNumber } from './run-modes.ts';

const usage = `npm run crash -- [--kills N | --outage | --rolling] [--seconds S] [--seed TEXT] [--mode scale|embedded|both] [--writers N] [--calls] [--keep] [--json]

Puts load on Tributary, kills its parts with SIGKILL meanwhile, and checks every promise afterwards.
  --kills    how many (default 20)
  --outage   instead of kills: broker and database, one after the other, are away for --seconds (default 60)
  --rolling  instead of kills: two replicas of every service, each restarted with SIGTERM in its turn
  --seconds  over how long (default 4.5 a kill)
  --seed     repeats who is killed when (default: a new one, printed)
  --mode     scale: each service a process, a real Kafka and MongoDB, all of them killed (default)
             embedded: everything in one process
  --writers  mail threads, as many chats, and as many customers of the simulated providers, at once (default 5)
  --calls    customers call, too (open: docs/crash-test.md)
  --keep     keeps the processes' logs and data also when nothing was broken
  --json     prints the report as one JSON object
Exit codes: 0 every promise was kept; 1 some were broken, or the test failed; 2 wrong arguments; 3 no servers to run on.
`;

process.exitCode = await runCommandLine(usage, readArguments, runModes);

function readArguments() {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      outage: { type: 'boolean', default: false },
      rolling: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      seed: { type: 'string', default: randomBytes(4).toString('hex') },
      mode: { type: 'string', default: 'scale' },
      writers: { type: 'string', default: '5' },
      calls: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const modes = modesNamed(values.mode);
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
    modes,
  };
}
