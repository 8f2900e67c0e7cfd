import type { Clock, Logger } from '@tributary/runtime';
import type { Decision } from '../domain/decision.ts';
import type { TicketEffect } from '../domain/ticket-changes.ts';
import type {
  AgentStore,
  ContactStore,
  DecisionLog,
  DecisionStore,
  IngestItem,
  IngestResult,
  OfferLog,
  OfferStore,
  PolicySource,
  Tickets,
  WaitingStore,
} from '../ports.ts';
import type { Roster } from './roster.ts';
import type { Assignment, Search } from './search.ts';
import type { Serial } from './serial.ts';
import type { SharedTurn } from './shared-turn.ts';

/** What an allocation has claimed and put to wait. */
export interface Allocation {
  readonly assignments: readonly Assignment[];
  readonly waits: readonly Decision[];
}

/** What became of an allocation. */
export interface Announced {
  /** As they turned out. */
  readonly decisions: readonly Decision[];
  /** Who has room again. */
  readonly freedAgentIds: readonly string[];
}

/** Tickets that want an owner. */
export interface AllocationAsk {
  readonly searches: readonly Search[];
  /** Whether idle agents are to be looked for in any case. */
  readonly lookAgain: boolean;
}

/** What the use cases share. */
export interface RoutingContext {
  readonly agents: AgentStore;
  readonly waiting: WaitingStore;
  readonly decisions: DecisionStore;
  readonly decisionLog: DecisionLog;
  readonly offers: OfferStore;
  readonly offerLog: OfferLog;
  /** Whether customers of offered channels are still there. */
  readonly contacts: ContactStore;
  /** Says that something is due about an offer, now or then, so that it need not wait to be found. */
  readonly nudgeOffers: (dueAtMs?: number) => void;
  readonly tickets: Tickets;
  readonly policy: PolicySource;
  readonly roster: Roster;
  /**
   * One allocation at a time in this process: what frees up goes to waiting work before a new message can take it, and two
   * plans never count on the same room.
   */
  readonly allocating: Serial;
  /** Messages of all partitions that wait for ticketing go there in one call. */
  readonly ingesting: SharedTurn<readonly IngestItem[], readonly IngestResult[]>;
  /** Searches that wait for their allocation become one plan with one claim per agent. */
  readonly searching: SharedTurn<AllocationAsk, Allocation>;
  /** What happened to tickets and is still to be followed: one release or confirmation per agent for all of it. */
  readonly following: SharedTurn<readonly TicketEffect[], readonly Assignment[]>;
  /** Claims and waits that are to be made known, all in the same few writes. */
  readonly announcing: SharedTurn<Allocation, Announced>;
  /** Tickets whose owner is being told to ticketing just now, by this process. */
  readonly committing: Set<string>;
  /** Runs work whose writes to the store follow each other; see the document store's `inOrder`. */
  readonly inOrder: <T>(work: () => Promise<T>) => Promise<T>;
  readonly clock: Clock;
  readonly logger: Logger;
}
