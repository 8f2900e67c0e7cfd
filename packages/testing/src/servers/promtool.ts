import { cacheDirectory } from './cache.ts';
import { installedProgram } from './debian-packages.ts';
import { orUnavailable, type Report, type Unavailable } from './running-server.ts';

/** The path of Prometheus's `promtool`, which checks and tests alert rules: one that is installed, else Debian's, installed now. */
export async function findPromtool(report: Report): Promise<string | Unavailable> {
  return orUnavailable(() => installedProgram('promtool', ['prometheus'], { cacheDir: cacheDirectory(), report }));
}
