import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';

const waitMs = 5000;
const retryMs = 100;
const sqliteBusy = 5;

/**
 * Takes the right to consume from a folder: groups share partitions inside one process only. The lock is the operating
 * system's, on a file of its own, so a killed process leaves none behind. A process that is just stopping is waited for.
 * @throws when another process keeps it.
 */
export async function lockConsumers(folder: string): Promise<Disposable> {
  const db = new DatabaseSync(join(folder, 'consumers.lock'), { timeout: 0 });
  for (const giveUpAtMs = performance.now() + waitMs; ; await setTimeout(retryMs)) {
    try {
      db.exec('BEGIN EXCLUSIVE');
      return { [Symbol.dispose]: () => db.close() };
    } catch (error) {
      if ((error as { errcode?: number }).errcode === sqliteBusy && performance.now() < giveUpAtMs) continue;
      db.close();
      throw new Error(`another process consumes from ${folder}; one at a time can`, { cause: error });
    }
  }
}
