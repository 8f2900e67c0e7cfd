import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from '@tributary/standalone';
import { until } from '@tributary/testing';
import type { RunningServer } from '@tributary/testing/servers';
import type { Random } from './random.ts';

/** Something that is killed and comes back. */
export interface Victim {
  readonly name: string;
  /**
   * SIGKILL. Resolves when it works again.
   * @param downMs How long it stays down at least, where that can be chosen.
   */
  kill(downMs: number): Promise<void>;
}

/** Longer than this, and it counts as not coming back. The broker may be down again and again meanwhile. */
const recoveryLimitMs = 300_000;

/** A service process, which whoever keeps it running starts again. It works when it says that it is ready. */
export function serviceVictim(service: ServiceProcess): Victim {
  return {
    name: service.name,
    async kill() {
      const { starts } = service;
      service.kill();
      await until(`${service.name} to be ready again`, () => service.starts > starts && service.checkReady(), {
        timeoutMs: recoveryLimitMs,
        everyMs: 100,
      });
    },
  };
}

/** The broker or the database. It works when it answers its protocol. */
export function serverVictim(name: string, server: RunningServer): Victim {
  return {
    name,
    async kill(downMs) {
      server.kill();
      await delay(downMs);
      await server.restart();
    },
  };
}

/** Passes on what is said of processes that end, except those that were killed: that is said already. */
export function exceptKills(report: (line: string) => void): (line: string) => void {
  return (line) => {
    if (!line.includes('(SIGKILL)')) report(line);
  };
}

/** One kill of a plan. */
export interface PlannedKill {
  readonly victim: string;
  /** Pause before it, in milliseconds. */
  readonly afterMs: number;
  readonly downMs: number;
}

/** Random kills over about `durationMs`: every victim once if there are enough, then anyone. The seed decides. */
export function planKills(
  victims: readonly string[],
  kills: number,
  durationMs: number,
  random: Random,
): PlannedKill[] {
  const order = random.shuffle(victims);
  const pauseMs = durationMs / kills;
  return Array.from({ length: kills }, (_, index) => ({
    victim: order[index] ?? random.pick(victims),
    // Sometimes close together, so that one comes back while another is down.
    afterMs: Math.round(pauseMs * random.next() * 2),
    downMs: random.between(0, 3000),
  }));
}

export interface Killed {
  readonly victim: string;
  readonly recoveryMs: number;
}

/**
 * Kills as planned, without waiting for a victim to come back, unless it is to be killed again.
 * @returns when everything works again.
 * @throws when a victim does not come back.
 */
export async function carryOut(
  plan: readonly PlannedKill[],
  victims: readonly Victim[],
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<Killed[]> {
  const recoveries = new Map<string, Promise<unknown>>();
  const killed: Killed[] = [];
  for (const [index, { victim: name, afterMs, downMs }] of plan.entries()) {
    await delay(afterMs, undefined, { signal });
    await recoveries.get(name);
    signal.throwIfAborted();
    const victim = victims.find((candidate) => candidate.name === name);
    if (victim === undefined) throw new Error(`there is no victim ${name}`);
    report(`kill ${index + 1} of ${plan.length}: ${name}`);
    const startedAtMs = performance.now();
    const recovery = victim.kill(downMs).then(() => {
      const recoveryMs = performance.now() - startedAtMs;
      killed.push({ victim: name, recoveryMs });
      report(`${name} works again after ${(recoveryMs / 1000).toFixed(1)} s`);
    });
    recovery.catch(() => {}); // Thrown when it is awaited.
    recoveries.set(name, recovery);
  }
  await Promise.all(recoveries.values());
  return killed;
}
