import type { ServiceProcess } from '@tributary/standalone';
import type { Violation } from './history.ts';
import { pause } from './pause.ts';
import { usageOf } from './process-usage.ts';
import type { System } from './system.ts';
import type { Killed } from './victims.ts';

/** A service's memory may grow by this much while it waits for a server. */
const mostGrowthMiB = 256;
/** These cannot work without broker and database, and must say so. */
const concerned = ['ticketing', 'router', 'gateway-email', 'gateway-chat'];

/**
 * Takes the broker away, then the database, under load, and brings each back after `outageMs`.
 * @returns what was not honest or not bounded meanwhile.
 */
export async function goWithoutServers(
  system: System,
  outageMs: number,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<{ killed: Killed[]; broken: Violation[] }> {
  const killed: Killed[] = [];
  const broken: Violation[] = [];
  for (const victim of system.victims.filter(({ name }) => name === 'broker' || name === 'database')) {
    const before = await memoryOf(system.services);
    const peaks = new Map(before);
    let silent: string[] = [];
    report(`${victim.name} goes away for ${outageMs / 1000} s`);
    const startedAtMs = performance.now();
    const back = victim.kill(outageMs);
    back.catch(() => {}); // Awaited below.
    while (performance.now() - startedAtMs < outageMs) {
      await pause(500, signal);
      signal.throwIfAborted();
      if (performance.now() - startedAtMs < outageMs) silent = await readyAmong(system.services);
      for (const [name, mebibytes] of await memoryOf(system.services)) {
        peaks.set(name, Math.max(mebibytes, peaks.get(name) ?? 0));
      }
    }
    await back;
    await system.ready();
    killed.push({ victim: victim.name, recoveryMs: performance.now() - startedAtMs });
    for (const name of silent.filter((service) => concerned.includes(service))) {
      broken.push({ promise: 'health is honest', detail: `${name} called itself ready without the ${victim.name}` });
    }
    for (const [name, peak] of peaks) {
      const growth = peak - (before.get(name) ?? peak);
      report(
        `${name}: ${Math.round(peak)} MiB at most without the ${victim.name}, ${Math.round(growth)} more than before`,
      );
      if (growth > mostGrowthMiB) {
        broken.push({ promise: 'memory is bounded', detail: `${name} grew by ${Math.round(growth)} MiB` });
      }
    }
  }
  return { killed, broken };
}

async function readyAmong(services: readonly ServiceProcess[]): Promise<string[]> {
  const ready = await Promise.all(
    services.map(async (service) => ({ name: service.name, is: await service.checkReady().catch(() => false) })),
  );
  return ready.filter(({ is }) => is).map(({ name }) => name);
}

/** Resident memory in MiB by service, of those that run and where the system tells it. */
async function memoryOf(services: readonly ServiceProcess[]): Promise<Map<string, number>> {
  const memory = new Map<string, number>();
  for (const { name, pid } of services) {
    const usage = await usageOf(pid);
    if (usage !== undefined) memory.set(name, usage.memoryMiB);
  }
  return memory;
}
