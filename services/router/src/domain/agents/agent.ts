import type { SkillLevel } from '../grading/grade.ts';
import type { Shift } from './shifts.ts';

export type Presence = 'online' | 'away' | 'offline';

/** What a person says of an agent; what they are doing is not in it. */
export interface AgentProfile {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Nearest first. */
  readonly regions: readonly string[];
  /** ISO 639-1. */
  readonly languages: readonly string[];
  readonly skills: readonly SkillLevel[];
  /** 1 first line, 2 second line, 3 technical. */
  readonly tier: number;
  readonly capacityUnits: number;
  /** IANA. */
  readonly timeZone: string;
  /** Empty: always on shift. */
  readonly shifts: readonly Shift[];
}

/** One ticket an agent holds. */
export interface HeldWork {
  readonly units: number;
  /** Events of the ticket up to this number are older than the claim: they cannot release it. */
  readonly sequence: number;
  /** When it was claimed. Absent once ticketing has confirmed the owner. */
  readonly claimedAtMs?: number;
}

/** An agent as they are now. */
export interface Agent extends AgentProfile {
  readonly presence: Presence;
  /** Always the sum of the units in `work`. */
  readonly loadUnits: number;
  readonly work: Readonly<Record<string, HeldWork>>;
  /** Absent when they never got a ticket. */
  readonly lastAssignedAtMs?: number;
  /** Room is kept free for waiting work of this score: only work that comes before it may be given. */
  readonly heldForScore?: number;
}
