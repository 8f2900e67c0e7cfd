import { join } from 'node:path';
import type { Benchmark } from '../benchmark.ts';
import { npmStart } from '../npm-start.ts';
import { megabytes } from '../processes.ts';
import { median } from '../rounds.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const maxReadyMs = 2000;
const maxBytes = 250 * 1024 ** 2;

/** `npm start` on an installed workspace: until it is ready, and its memory then. */
export const start: Benchmark = {
  name: 'start',
  async run({ rounds, report }) {
    await using folder = await temporaryFolder();
    const readyMs: number[] = [];
    const ownBytes: number[] = [];
    const launcherBytes: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      await using running = await npmStart(join(folder.path, String(round)));
      const { tributary, launchers } = running.memory();
      report(`round ${round}: ${Math.round(running.readyAfterMs)} ms, ${megabytes(tributary.rssBytes)}`);
      if (round === 0) continue; // The first one may fill caches.
      readyMs.push(running.readyAfterMs);
      ownBytes.push(tributary.rssBytes);
      launcherBytes.push(launchers.reduce((sum, { rssBytes }) => sum + rssBytes, 0));
    }
    return [
      {
        what: '`npm start` (installed) to ready, with npm itself',
        figure: `${(median(readyMs) / 1000).toFixed(2)} s`,
        target: '≤ 2 s',
        met: median(readyMs) <= maxReadyMs,
      },
      {
        what: `its memory with everything in it (npm and the script that starts it hold ${megabytes(median(launcherBytes))} more)`,
        figure: megabytes(median(ownBytes)),
        target: '≤ 250 MB',
        met: median(ownBytes) <= maxBytes,
      },
    ];
  },
};
