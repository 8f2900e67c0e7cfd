import { status } from '@grpc/grpc-js';
import { StatusError } from './status-error.ts';

export const roles = ['agent', 'supervisor', 'manager', 'service'] as const;
export type Role = (typeof roles)[number];

/** Who makes a call, as their signed token says. */
export interface Caller {
  /** Agent id of a person, name of a service. */
  readonly actor: string;
  readonly role: Role;
  /** Region ids of the policy. An agent sees their own, a supervisor their teams'; managers and services need none. */
  readonly regions: readonly string[];
}

/** What somebody may see: what lies in their regions, and what is their own. */
export interface View {
  readonly regions: readonly string[];
  /** Whose own counts too, wherever it lies: work widens to other regions when nobody is free. Empty: nobody's. */
  readonly ownerId: string;
}

/** Undefined: everything. Without a caller nobody is checked: calls within one process, and where no keys are configured. */
export function viewOf(caller: Caller | undefined): View | undefined {
  if (caller?.role === 'agent') return { regions: caller.regions, ownerId: caller.actor };
  if (caller?.role === 'supervisor') return { regions: caller.regions, ownerId: '' };
  return undefined;
}

export function isInView(view: View | undefined, region: string, ownerId: string): boolean {
  return view === undefined || view.regions.includes(region) || (view.ownerId !== '' && view.ownerId === ownerId);
}

/** @throws StatusError PERMISSION_DENIED unless the caller has one of the roles. */
export function requireRole(caller: Caller | undefined, ...allowed: readonly Role[]): void {
  if (caller !== undefined && !allowed.includes(caller.role)) {
    throw permissionDenied(`this call is for ${allowed.join(' and ')} only`);
  }
}

/** The caller may not do this. The reason names what the caller said and nothing of what we hold. */
export function permissionDenied(reason: string): StatusError {
  return new StatusError(status.PERMISSION_DENIED, reason);
}

/** Nobody knows who calls. */
export function unauthenticated(reason: string): StatusError {
  return new StatusError(status.UNAUTHENTICATED, reason);
}
