import { type Caller, permissionDenied } from '@tributary/contracts';
import type { Actor } from '../domain/ticket.ts';

/** Whoever acts must be whoever calls: people as AGENT, services as SYSTEM. @throws StatusError PERMISSION_DENIED */
export function requireActor(caller: Caller | undefined, actor: Actor): void {
  if (caller === undefined) return;
  const kind = caller.role === 'service' ? 'system' : 'agent';
  if (actor.kind === kind && actor.id === caller.actor) return;
  throw permissionDenied(`the actor must be ${kind.toUpperCase()} "${caller.actor}", who calls`);
}
