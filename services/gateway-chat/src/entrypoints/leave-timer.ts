import { type Collection, createDueWorker, type DueWorker } from '@tributary/docstore';
import type { SessionDocument } from '../adapters/docstore-sessions.ts';
import type { ChatContext } from './chat-context.ts';

const leaseMs = 15_000;

/**
 * Tells of visitors who have written and then had no connection, on any replica, for the configured time. Told again after a crash, it
 * is of the same moment, which nobody heeds twice.
 */
export function createLeaveTimer(
  { config, clock, logger, events, sessions }: ChatContext,
  collection: Collection<SessionDocument>,
): DueWorker {
  return createDueWorker<SessionDocument>({
    collection,
    clock,
    logger,
    leaseMs,
    pollMs: Math.min(leaseMs, config.leftAfterMs),
    dueField: 'leavesAtMs',
    leaseField: 'leavesLeaseUntilMs',
    async handle({ _id, leavesAtMs }) {
      if (leavesAtMs === undefined) return;
      await events.left(_id, leavesAtMs);
      await sessions.left(_id, leavesAtMs);
    },
  });
}
