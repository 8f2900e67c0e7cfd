import type { Grade } from './grading/grade.ts';
import type { Candidate } from './planning/candidates.ts';
import type { Step } from './planning/step.ts';

export type Outcome = 'assigned' | 'offered' | 'waiting' | 'kept_owner' | 'not_needed';
export type Trigger = 'message' | 'agent_available' | 'step_expired' | 'ticket_changed' | 'offer_ended';

/** One decision with its whole trace. */
export interface Decision {
  /** Derived from what caused it, so that deciding again after a crash gives the same id. */
  readonly id: string;
  readonly ticketId: string;
  readonly ticketNumber: string;
  /** Empty for other triggers than a message. */
  readonly messageId: string;
  readonly trigger: Trigger;
  readonly grade: Grade;
  readonly steps: readonly Step[];
  readonly stepIndex: number;
  readonly candidates: readonly Candidate[];
  readonly outcome: Outcome;
  /** Empty unless assigned, offered or kept_owner. */
  readonly agentId: string;
  /** 0 unless waiting. */
  readonly waitingScore: number;
  /** Units claimed; 0 unless assigned or offered. */
  readonly capacityUnits: number;
  /** The offer that was made, else the one that ended. Empty when there was none. */
  readonly offerId: string;
  readonly policyVersion: string;
  readonly timeMs: number;
}
