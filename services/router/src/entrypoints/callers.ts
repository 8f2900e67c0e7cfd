import { type Caller, permissionDenied } from '@tributary/contracts';

/**
 * Lets an agent speak for themselves only, and a supervisor for the agents of their regions too.
 * @throws StatusError PERMISSION_DENIED
 */
export async function requireLeader(
  caller: Caller | undefined,
  agentId: string,
  regionsOf: () => Promise<readonly string[]>,
): Promise<void> {
  if (caller === undefined || caller.actor === agentId) return;
  if (caller.role === 'agent') throw onlySelf(caller);
  if (caller.role !== 'supervisor') return;
  const regions = await regionsOf();
  if (!caller.regions.some((region) => regions.includes(region))) {
    throw permissionDenied('a supervisor sets the presence of agents of their own regions');
  }
}

/**
 * Who answers an offer, or reads an agent's: services for anybody, everybody else for themselves.
 * @param agentId As asked; empty stands for whoever calls, and for services for nobody in particular.
 * @throws StatusError PERMISSION_DENIED
 */
export function ownAgentId(caller: Caller | undefined, agentId: string): string {
  if (caller === undefined || caller.role === 'service' || agentId === caller.actor) return agentId;
  if (agentId === '') return caller.actor;
  throw onlySelf(caller);
}

function onlySelf({ actor }: Caller) {
  return permissionDenied(`only "${actor}", who calls, can be spoken for`);
}
