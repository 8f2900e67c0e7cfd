import { until } from '@tributary/testing';
import type { System } from './system.ts';
import type { Killed } from './victims.ts';

/**
 * Ends every service process with SIGTERM and starts it again, one after the other, each when the one before is ready again.
 * @param upgradeTo Folder of the release that they come back as. Default: what they were.
 * @throws when one does not come back.
 */
export async function restartInTurn(
  { services }: System,
  report: (line: string) => void,
  signal: AbortSignal,
  upgradeTo?: string,
): Promise<Killed[]> {
  const restarted: Killed[] = [];
  for (const service of services) {
    signal.throwIfAborted();
    report(`${service.name} is ${upgradeTo === undefined ? 'restarted' : 'upgraded'}`);
    const startedAtMs = performance.now();
    const { starts } = service;
    if (upgradeTo === undefined) service.terminate();
    else service.upgrade(upgradeTo);
    await until(`${service.name} to be ready again`, () => service.starts > starts && service.checkReady(), {
      timeoutMs: 300_000,
      everyMs: 100,
    });
    restarted.push({ victim: service.name, recoveryMs: performance.now() - startedAtMs });
  }
  return restarted;
}
