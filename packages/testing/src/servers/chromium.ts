import { cacheDirectory } from './cache.ts';
import { installedProgram } from './debian-packages.ts';
import { findProgram } from './find-program.ts';
import { orUnavailable, type Report, type Unavailable } from './running-server.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * The path of a Chromium or Chrome for playwright-core's `executablePath`: what `CHROMIUM_PATH` names, else one that is
 * installed, else Debian's, installed now. As root it must be launched with `--no-sandbox`.
 */
export async function findChromium(report: Report): Promise<string | Unavailable> {
  const named = process.env['CHROMIUM_PATH'];
  if (named !== undefined && named !== '') return named;
  for (const name of names) {
    const present = findProgram(name);
    if (present !== undefined) return present;
  }
  const packages = ['chromium', 'fonts-liberation'];
  return orUnavailable(() => installedProgram('chromium', packages, { cacheDir: cacheDirectory(), report }));
}
