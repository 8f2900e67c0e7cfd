import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const abandonedAfterMs = 60 * 60 * 1000;

/** A file that is not yet what it is to become. Removed on disposal unless it was moved to its place. */
export class TemporaryFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  #isOpen = true;
  #moved = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** The name tells the process, so that a later one can clear away what a crash left. */
  static async create(folder: string): Promise<TemporaryFile> {
    const path = join(folder, `${process.pid}-${randomUUID()}`);
    return new TemporaryFile(path, await open(path, 'wx+'));
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    for (const chunk of chunks) await this.#handle.writeFile(chunk);
  }

  /** Makes the content durable and gives it its name. The name is durable once its folder is synced. */
  async moveTo(path: string): Promise<void> {
    await this.#handle.datasync();
    await this.#close();
    await rename(this.path, path);
    this.#moved = true;
  }

  /** Reads the content from its start, in pieces of `bytes` (the last may be shorter). */
  async *read(bytes: number): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafe(bytes);
      let filled = 0;
      while (filled < bytes) {
        const { bytesRead } = await this.#handle.read(buffer, filled, bytes - filled, position);
        if (bytesRead === 0) break;
        filled += bytesRead;
        position += bytesRead;
      }
      if (filled > 0) yield buffer.subarray(0, filled);
      if (filled < bytes) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    if (!this.#moved) await rm(this.path, { force: true });
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#handle.close();
  }
}

/** Removes temporary files of processes that are gone, and those nobody wrote to for an hour. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const [pid = ''] = name.split('-');
    const changedAtMs = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    if (!isRunning(Number(pid)) || changedAtMs < Date.now() - abandonedAfterMs) await rm(path, { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
