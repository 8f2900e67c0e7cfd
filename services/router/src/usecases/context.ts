import type { Clock, Logger } from '@tributary/runtime';
import type { Decision } from '../domain/decision.ts';
import type {
  AgentStore,
  ContactStore,
  DecisionLog,
  DecisionStore,
  OfferLog,
  OfferStore,
  PolicySource,
  Tickets,
  WaitingStore,
} from '../ports.ts';
import type { Roster } from './roster.ts';
import type { Assignment, Search } from './search.ts';
import type { Serial } from './serial.ts';

/** What an allocation has claimed and put to wait. */
export interface Allocation {
  readonly assignments: readonly Assignment[];
  readonly waits: readonly Decision[];
}

export interface QueuedSearches {
  readonly searches: readonly Search[];
  /** Whether idle agents are to be looked for in any case. */
  readonly lookAgain: boolean;
  resolve(allocation: Allocation): void;
  reject(error: unknown): void;
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
  /** Searches that wait for their allocation; the next one takes them all, as one plan with one claim per agent. */
  readonly queued: QueuedSearches[];
  /** Tickets whose owner is being told to ticketing just now, by this process. */
  readonly committing: Set<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}
