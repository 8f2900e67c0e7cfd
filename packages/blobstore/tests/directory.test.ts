import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDirectoryStore } from '../src/directory/index.ts';
import { blobStoreContract } from './contract.ts';

const makeFolder = () => mkdtemp(join(tmpdir(), 'blobstore-'));

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

blobStoreContract('a directory', async () => {
  const folder = await makeFolder();
  return {
    open: () => openDirectoryStore({ folder }),
    async inspect() {
      const files = await filesBelow(folder);
      const leftovers = files.filter((file) => file.startsWith(join(folder, 'tmp'))).length;
      return { blobs: files.length - leftovers, leftovers };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
});

describe('a directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('opening clears away what dead processes left, and nothing of living ones', async () => {
    const temporary = join(folder, 'tmp');
    await mkdir(temporary, { recursive: true });
    const dead = spawn(process.execPath, ['--version']);
    await once(dead, 'exit');
    await writeFile(join(temporary, `${dead.pid}-abc`), 'half');
    await writeFile(join(temporary, `${process.pid}-now`), 'half');
    await writeFile(join(temporary, `${process.pid}-old`), 'half');
    await utimes(join(temporary, `${process.pid}-old`), 0, 0);
    await using _store = await openDirectoryStore({ folder });
    expect(await readdir(temporary)).toEqual([`${process.pid}-now`]);
  });

  test('kill -9 in the middle of many puts: all that resolved are there and whole, no other is visible', async () => {
    const child = spawn(
      process.execPath,
      ['--conditions=@tributary/source', fileURLToPath(new URL('./put-until-killed.ts', import.meta.url)), folder],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const keys: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      keys.push(line);
      if (keys.length === 300) child.kill('SIGKILL');
    }
    await using store = await openDirectoryStore({ folder });
    for (const key of keys) expect(await store.size(key)).toBe(4096);
    const visible = (await filesBelow(folder)).map((file) => file.slice(-64));
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    for (const key of visible) expect(await store.size(key)).toBe(4096);
  });
});
