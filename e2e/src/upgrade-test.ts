import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runCommandLine } from '@tributary/testing';
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

process.exitCode = await runCommandLine(usage, readArguments, async (settings) => {
  const report = progressOnStderr();
  const release = await checkOutRelease(settings.from ?? previousRelease(), report);
  return runModes({ ...settings, release, kills: 0, disruption: 'upgrade' }, report);
});

function readArguments() {
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
}
