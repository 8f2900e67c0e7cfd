import type { Severity } from '../grading/grade.ts';
import type { Policy } from '../policy/policy.ts';

/**
 * The place of work in the waiting list, in milliseconds; lower is served first. A credit moves work forward by a bounded
 * time only, so everything is served in the end: nothing that arrives later than the largest credit comes before it.
 */
export function waitingScore(receivedAtMs: number, severity: Severity, tier: number, policy: Policy): number {
  return receivedAtMs - policy.severityCreditMs[severity] - (policy.tierCreditMs[tier] ?? 0);
}
