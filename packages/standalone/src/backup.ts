import { createHash } from 'node:crypto';
import { constants, createReadStream, existsSync } from 'node:fs';
import { cp, mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { backup as copyDatabase, DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

/**
 * The databases of a data folder, in the order in which they are locked: who writes documents may wait for the log meanwhile, who
 * writes the log never waits for documents.
 */
const databases = ['documents/docstore.sqlite', 'log/log.db'] as const;
/** Beside the databases: files that never change once they are there. */
const folders = ['blobs', 'outbox'] as const;
const busyTimeoutMs = 10_000;

const manifestSchema = z.object({
  format: z.literal(1),
  createdTime: z.iso.datetime(),
  /** SHA-256 of each database. */
  databases: z.record(z.string(), z.string()),
  files: z.number(),
});

/** What a backup holds; the file `manifest.json` in it, written last. */
export type BackupManifest = z.infer<typeof manifestSchema>;

/** A backup or a folder that is not as it must be; the message says what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

/**
 * Copies the embedded deployment's data while it runs: both databases as they are at one moment, which is what a power cut at
 * that moment would have left, and every file that they name. Writers wait a few milliseconds, once; so it must not be called
 * in the process that writes.
 * @param target A folder that is not there yet. It appears under its name only when it is complete.
 * @throws BackupError when there is no data, or `target` exists.
 */
export async function backUp(dataFolder: string, target: string): Promise<BackupManifest> {
  for (const database of databases) {
    if (!existsSync(join(dataFolder, database))) throw new BackupError(`there is no ${database} in ${dataFolder}`);
  }
  if (existsSync(target)) throw new BackupError(`${target} is there already; a backup is written to a new folder`);
  const partial = `${resolve(target)}.partial`;
  await rm(partial, { recursive: true, force: true });
  const hashes: Record<string, string> = {};
  const snapshots = openSnapshots(dataFolder);
  try {
    const createdTime = new Date().toISOString();
    for (const [database, snapshot] of snapshots) {
      const copy = join(partial, database);
      await mkdir(dirname(copy), { recursive: true });
      await copyDatabase(snapshot, copy);
      hashes[database] = await hashOf(copy);
    }
    // After the databases: whatever those name was there before.
    let files = 0;
    for (const folder of folders) files += await copyFiles(join(dataFolder, folder), join(partial, folder));
    const manifest: BackupManifest = { format: 1, createdTime, databases: hashes, files };
    await writeFile(join(partial, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await syncAll(partial);
    await rename(partial, target);
    await sync(dirname(resolve(target)));
    return manifest;
  } finally {
    for (const snapshot of snapshots.values()) snapshot.close();
  }
}

/**
 * Puts a backup into a data folder, from which Tributary is then started.
 * @param dataFolder Empty, or not there yet.
 * @throws BackupError when the backup is not complete or was changed, or the folder holds something.
 */
export async function restore(source: string, dataFolder: string): Promise<BackupManifest> {
  const manifest = await readManifest(source);
  const present = await readdir(dataFolder).catch(() => []);
  if (present.length > 0) throw new BackupError(`${dataFolder} is not empty; move what is there away first`);
  for (const database of databases) {
    const file = join(source, database);
    if (!existsSync(file)) throw new BackupError(`${source} lacks ${database}`);
    if ((await hashOf(file)) !== manifest.databases[database]) {
      throw new BackupError(`${file} is not what was backed up: its SHA-256 differs from manifest.json`);
    }
  }
  const partial = `${resolve(dataFolder)}.partial`;
  await rm(partial, { recursive: true, force: true });
  let files = 0;
  for (const folder of folders) files += await copyFiles(join(source, folder), join(partial, folder));
  if (files !== manifest.files) throw new BackupError(`${source} holds ${files} files, not ${manifest.files}`);
  for (const database of databases) {
    await mkdir(dirname(join(partial, database)), { recursive: true });
    await cp(join(source, database), join(partial, database));
  }
  await syncAll(partial);
  await rm(dataFolder, { recursive: true, force: true });
  await rename(partial, dataFolder);
  await sync(dirname(resolve(dataFolder)));
  return manifest;
}

async function readManifest(source: string): Promise<BackupManifest> {
  const file = join(source, 'manifest.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new BackupError(`${file} is missing: this is no complete backup`);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new BackupError(`${file} is not JSON`);
  }
  const manifest = manifestSchema.safeParse(parsed);
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    throw new BackupError(`${file}: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  return manifest.data;
}

/** Opens each database so that it stays as it is now for that reader: while all are locked, nobody can write between them. */
function openSnapshots(dataFolder: string): Map<string, DatabaseSync> {
  const opened = (database: string) => new DatabaseSync(join(dataFolder, database), { timeout: busyTimeoutMs });
  const locks: DatabaseSync[] = [];
  const snapshots = new Map<string, DatabaseSync>();
  try {
    for (const database of databases) {
      const lock = opened(database);
      locks.push(lock);
      lock.exec('BEGIN IMMEDIATE');
    }
    for (const database of databases) {
      const snapshot = opened(database);
      snapshots.set(database, snapshot);
      snapshot.exec('BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1');
    }
    return snapshots;
  } catch (error) {
    for (const snapshot of snapshots.values()) snapshot.close();
    throw error;
  } finally {
    for (const lock of locks) lock.close();
  }
}

/** @returns how many. Files that are being written, in `tmp` or with a dot before their name, are nobody's yet. */
async function copyFiles(from: string, to: string): Promise<number> {
  if (!existsSync(from)) return 0;
  let count = 0;
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    const folder = entry.parentPath.slice(from.length);
    if (!entry.isFile() || entry.name.startsWith('.') || folder.split('/').includes('tmp')) continue;
    await mkdir(join(to, folder), { recursive: true });
    await cp(join(entry.parentPath, entry.name), join(to, folder, entry.name), { mode: constants.COPYFILE_FICLONE });
    count += 1;
  }
  return count;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function syncAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await sync(join(entry.parentPath, entry.name));
  }
  await sync(folder);
}

/** A file, or the names in a folder. */
async function sync(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}
