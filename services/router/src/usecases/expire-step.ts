import type { Waiting } from '../ports.ts';
import type { RoutingContext } from './context.ts';
import { findOwners } from './find-owners.ts';
import { decisionId } from './search.ts';

/** A waiting ticket's step has expired: the next, wider one counts. Doing it again changes nothing. */
export async function expireStep(context: RoutingContext, work: Waiting): Promise<void> {
  const stepIndex = work.stepIndex + 1;
  if (stepIndex >= work.steps.length) throw new Error(`the last step of ticket ${work.ticketId} expired`);
  await findOwners(context, [
    {
      ...work,
      stepIndex,
      trigger: 'step_expired',
      messageId: '',
      decisionId: decisionId(work.ticketId, 'step_expired', work.decisionId, stepIndex),
      fresh: false,
    },
  ]);
}
