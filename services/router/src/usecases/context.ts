import type { Clock, Logger } from '@tributary/runtime';
import type { AgentStore, DecisionLog, DecisionStore, PolicySource, Tickets, WaitingStore } from '../ports.ts';
import type { Roster } from './roster.ts';
import type { Serial } from './serial.ts';

/** What the use cases share. */
export interface RoutingContext {
  readonly agents: AgentStore;
  readonly waiting: WaitingStore;
  readonly decisions: DecisionStore;
  readonly decisionLog: DecisionLog;
  readonly tickets: Tickets;
  readonly policy: PolicySource;
  readonly roster: Roster;
  /**
   * One allocation at a time in this process: what frees up goes to waiting work before a new message can take it, and two
   * plans never count on the same room.
   */
  readonly allocating: Serial;
  /** Tickets whose owner is being told to ticketing just now, by this process. */
  readonly committing: Set<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}
