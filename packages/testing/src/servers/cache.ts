import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withLock } from './lock-file.ts';

/**
 * Where downloads and builds are kept between runs, outside the checkout: `TRIBUTARY_CACHE_DIR`, else
 * `$XDG_CACHE_HOME/tributary`, else `~/.cache/tributary`.
 */
export function cacheDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env['TRIBUTARY_CACHE_DIR'];
  if (own !== undefined && own !== '') return own;
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg !== undefined && xdg !== '' ? xdg : join(homedir(), '.cache'), 'tributary');
}

/**
 * The folder `name` of the cache, built by `build` when it is not there yet.
 *
 * `build` fills an empty folder that takes its final name only once complete, so an interrupted build is never used.
 * Only one process on the machine builds at a time, others wait for it. Give `name` the version of everything in it:
 * a folder is never rebuilt.
 */
export async function cachedFolder(
  cacheDir: string,
  name: string,
  build: (emptyFolder: string) => Promise<void>,
): Promise<string> {
  const finished = join(cacheDir, name);
  if (existsSync(finished)) return finished;
  mkdirSync(cacheDir, { recursive: true });
  return withLock(join(cacheDir, `${name}.lock`), async () => {
    if (existsSync(finished)) return finished;
    const unfinished = `${name}.unfinished-`;
    // We hold the lock, so whoever began these is gone.
    for (const left of readdirSync(cacheDir).filter((entry) => entry.startsWith(unfinished))) {
      rmSync(join(cacheDir, left), { recursive: true, force: true });
    }
    const folder = join(cacheDir, `${unfinished}${process.pid}`);
    mkdirSync(folder);
    try {
      await build(folder);
      renameSync(folder, finished);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    return finished;
  });
}
