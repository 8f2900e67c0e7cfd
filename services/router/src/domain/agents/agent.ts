import type { SkillLevel } from '../grading/grade.ts';
import type { Shift } from './shifts.ts';

/** `not_answering`: let offers time out; only they themselves can say that they are back. */
export type Presence = 'online' | 'away' | 'offline' | 'not_answering';

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
  /** Where they are rung: `tel:` and an E.164 number, `sip:` and an address, or `client:` and a name. Empty: they take no calls. */
  readonly callAddress: string;
}

/** One ticket an agent holds. */
export interface HeldWork {
  readonly ticketId: string;
  readonly units: number;
  /** Events of the ticket up to this number are older than the claim: they cannot release it. */
  readonly sequence: number;
  /** The offer whose answer the claim waits for, or waited for. Absent for work that was assigned. */
  readonly offerId?: string;
}

/** A claim that ticketing has not confirmed. */
export interface OpenClaim {
  readonly ticketId: string;
  readonly claimedAtMs: number;
}

/** An agent as they are now. */
export interface Agent extends AgentProfile {
  readonly presence: Presence;
  /** Always the sum of the units in `work`. */
  readonly loadUnits: number;
  readonly work: readonly HeldWork[];
  readonly unconfirmed: readonly OpenClaim[];
  /** Absent when they never got a ticket. */
  readonly lastAssignedAtMs?: number;
  /** Room is kept free for waiting work of this score: only work that comes before it may be given. */
  readonly heldForScore?: number;
  /** When they last came on line or got room again. Absent when never. */
  readonly availableSinceMs?: number;
  /** Offers in a row that they did not answer. Absent: none. */
  readonly missedOffers?: number;
}

/** One agent's hold on one ticket. */
export interface Holding extends HeldWork {
  readonly agentId: string;
}

/** Who holds which of these tickets; those nobody holds are not in it. */
export function holdingsOf(agents: readonly Agent[], ticketIds: readonly string[]): ReadonlyMap<string, Holding[]> {
  const wanted = new Set(ticketIds);
  const holdings = new Map<string, Holding[]>();
  for (const { id, work } of agents) {
    for (const held of work) {
      if (!wanted.has(held.ticketId)) continue;
      const holding = { agentId: id, ...held };
      const others = holdings.get(held.ticketId);
      if (others === undefined) holdings.set(held.ticketId, [holding]);
      else others.push(holding);
    }
  }
  return holdings;
}
