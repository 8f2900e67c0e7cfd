import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { processIdentity } from './process-table.ts';

const retryMs = 250;
const held = new Map<string, Promise<unknown>>();

/**
 * Runs `work` while no other process on this machine, and no other caller in this one, holds the lock `path`. A lock
 * whose holder has died is taken over.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const before = held.get(path) ?? Promise.resolve();
  const turn = before.then(() => lockedAcrossProcesses(path, work));
  held.set(
    path,
    turn.catch(() => undefined),
  );
  return turn;
}

async function lockedAcrossProcesses<T>(path: string, work: () => Promise<T>): Promise<T> {
  const identity = processIdentity(process.pid);
  // A link appears with its content, so nobody ever reads a lock without its holder.
  const claim = `${path}.${process.pid}`;
  writeFileSync(claim, identity);
  try {
    while (!tryLink(claim, path)) {
      takeOverFromTheDead(path);
      await delay(retryMs);
    }
  } finally {
    rmSync(claim, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLink(claim: string, path: string): boolean {
  try {
    linkSync(claim, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function takeOverFromTheDead(path: string): void {
  const holder = readIfThere(path);
  if (holder === undefined || isAlive(holder)) return;
  const aside = `${path}.dead-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return; // Somebody else was faster.
  }
  // Between reading and renaming another process may have taken over already: then give it its lock back.
  if (readIfThere(aside) !== holder) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(identity: string): boolean {
  const pid = Number.parseInt(identity, 10);
  return processIdentity(pid) === identity;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
