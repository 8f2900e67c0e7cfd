import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { checkOutRelease, previousRelease } from './release.ts';
import { modesNamed, progressOnStderr, runModes, wholeNumber } from './run-modes.ts';

const usage = `npm run upgrade-test -- [--from REVISION] [--seconds S] [--seed TEXT] [--mode scale|embedded|both] [--writers N] [--keep] [--json]

Starts the previous release, puts load on it, upgrades it under load to what is checked out, at scale two replicas of each service one
by one, and checks every promise afterwards.
  --from     the previous release: a tag or commit (default: the newest tag; without any the commit that renewed proto/baseline.binpb)
  --seconds  of load before the upgrade, and as long after it (default 20)
  --seed     repeats what customers and agents do (default: a new one, printed)
  --mode     which of the two ways to run (default: both)
  --writers  mail threads, as many chats, and as many customers of each simulated provider, at once (default 3)
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
  const report = progressOnStderr();
  const release = checkOutRelease(settings.from ?? previousRelease(), report);
  return runModes({ ...settings, release, kills: 0, disruption: 'upgrade' }, report);
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        from: { type: 'string' },
        seconds: { type: 'string', default: '20' },
        seed: { type: 'string', default: randomBytes(4).toString('hex') },
        mode: { type: 'string', default: 'both' },
        writers: { type: 'string', default: '3' },
        keep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    return {
      ...values,
      modes: modesNamed(values.mode),
      seconds: wholeNumber('--seconds', values.seconds),
      writers: wholeNumber('--writers', values.writers),
    };
  } catch (error) {
    return (error as Error).message;
  }
}
