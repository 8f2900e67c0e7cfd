import type { Clock } from '@tributary/runtime';
import type { Agent } from '../domain/agents/agent.ts';
import { isOnShift } from '../domain/agents/shifts.ts';
import type { AvailableAgent } from '../domain/planning/candidates.ts';
import type { AgentStore } from '../ports.ts';

/** Other routers change load and presence behind our back; planning with a view older than this chooses badly too often. */
const maxAgeMs = 1000;
const minuteMs = 60_000;

/**
 * The agents as last seen, for planning many tickets without asking the store for each. It may be out of date: only the claim
 * decides, and waiting work is checked against the store anew.
 */
export interface Roster {
  /** Sorted by id. */
  agents(): Promise<readonly AvailableAgent[]>;
  /** Reads all of them from the store. */
  refresh(): Promise<readonly AvailableAgent[]>;
  /** Takes note of an agent's state after a change. */
  note(agent: Agent): AvailableAgent;
}

export function createRoster(store: AgentStore, clock: Clock): Roster {
  let byId = new Map<string, AvailableAgent>();
  let sorted: AvailableAgent[] | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let minute = Number.NaN;
  /** Many agents share their hours; these change on full minutes only. */
  let shiftsOfMinute = new Map<string, boolean>();

  const withShift = (agent: Agent): AvailableAgent => {
    if (agent.shifts.length === 0) return { ...agent, onShift: true };
    const nowMs = clock.now();
    if (Math.floor(nowMs / minuteMs) !== minute) {
      minute = Math.floor(nowMs / minuteMs);
      shiftsOfMinute = new Map();
    }
    const key = `${agent.timeZone} ${JSON.stringify(agent.shifts)}`;
    let onShift = shiftsOfMinute.get(key);
    if (onShift === undefined) {
      onShift = isOnShift(agent.shifts, agent.timeZone, nowMs);
      shiftsOfMinute.set(key, onShift);
    }
    return { ...agent, onShift };
  };

  const refresh = async () => {
    const list = await store.list();
    byId = new Map(list.map((agent) => [agent.id, withShift(agent)]));
    readAtMs = clock.now();
    sorted = [...byId.values()];
    return sorted;
  };

  return {
    refresh,
    async agents() {
      if (clock.now() - readAtMs > maxAgeMs) return refresh();
      sorted ??= [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      return sorted;
    },
    note(agent) {
      const seen = withShift(agent);
      byId.set(agent.id, seen);
      sorted = undefined;
      return seen;
    },
  };
}
