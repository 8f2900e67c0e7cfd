import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from './process-table.ts';

export interface DataFolder {
  readonly path: string;
  /** Removes the folder when it was made here; a folder the caller named stays. */
  remove(): void;
}

/** The folder the caller asked for, or a fresh temporary one that carries our process id in its name. */
export function dataFolder(server: string, wanted: string | undefined): DataFolder {
  if (wanted !== undefined) {
    mkdirSync(wanted, { recursive: true });
    return { path: wanted, remove: () => {} };
  }
  removeLeftBehind();
  const path = mkdtempSync(join(tmpdir(), `tributary-${server}-${process.pid}-`));
  chmodSync(path, 0o755); // Servers started by root run as another user.
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Removes the folders of processes that died without cleaning up, as far as they are ours. */
function removeLeftBehind(): void {
  for (const entry of readdirSync(tmpdir())) {
    const owner = /^tributary-[a-z]+-(\d+)-\w{6}$/.exec(entry)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    try {
      rmSync(join(tmpdir(), entry), { recursive: true, force: true });
    } catch {
      // Another user's, or being removed by somebody else at this moment.
    }
  }
}
