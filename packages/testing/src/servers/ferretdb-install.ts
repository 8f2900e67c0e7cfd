import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cachedFolder } from './cache.ts';
import { findProgram } from './find-program.ts';
import { runCommand } from './run-command.ts';
import { CannotProvide, type Report } from './running-server.ts';

const ferretdbVersion = '2.7.0';

/** The FerretDB program, built from its Go module once (about 75 s). */
export async function installFerretdb(options: { cacheDir: string; report: Report }): Promise<string> {
  const folder = await cachedFolder(options.cacheDir, `ferretdb-${ferretdbVersion}`, async (empty) => {
    const go = findProgram('go');
    if (go === undefined) {
      throw new CannotProvide(
        'Building FerretDB needs Go 1.24 or newer; install it, start Docker, or set MONGODB_URL.',
      );
    }
    options.report(`Building FerretDB ${ferretdbVersion} from the Go proxy, about 75 s …`);
    const work = join(empty, 'work');
    await runCommand(go, ['install', '-modcacherw', `${ferretdbModule}@v${ferretdbVersion}`], {
      env: { CGO_ENABLED: '0', GOPATH: join(work, 'path'), GOCACHE: join(work, 'cache'), GOBIN: join(work, 'bin') },
    });
    copyFileSync(join(work, 'bin', 'ferretdb'), join(empty, 'ferretdb'));
    rmSync(work, { recursive: true, force: true });
  });
  return join(folder, 'ferretdb');
}

const ferretdbModule = 'github.com/FerretDB/FerretDB/v2/cmd/ferretdb';
