import { type Collection, createDueWorker, type DueWorker } from '@tributary/docstore';
import { type AgentDocument, confirmWithinMs, toAgent } from '../adapters/docstore-agent-store.ts';
import { type DecisionDocument, readDecision } from '../adapters/docstore-decision-store.ts';
import { toWaiting, type WaitingDocument } from '../adapters/docstore-waiting-store.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { expireStep } from '../usecases/expire-step.ts';
import { reconcileClaims } from '../usecases/reconcile-claims.ts';

const leaseMs = 15_000;
/** A step may expire this much late. */
const stepPollMs = 1000;

/** What falls due by the clock: steps of waiting work, claims nobody confirmed, decisions nobody published. */
export function createTimers(
  context: RoutingContext,
  waiting: Collection<WaitingDocument>,
  agents: Collection<AgentDocument>,
  decisions: Collection<DecisionDocument>,
): DueWorker[] {
  const { clock, logger } = context;
  const shared = { clock, logger, leaseMs } as const;
  return [
    createDueWorker<WaitingDocument>({
      ...shared,
      collection: waiting,
      dueField: 'stepDueAtMs',
      leaseField: 'stepLeaseUntilMs',
      pollMs: stepPollMs,
      handle: (document) => expireStep(context, toWaiting(document)),
    }),
    createDueWorker<AgentDocument>({
      ...shared,
      collection: agents,
      dueField: 'confirmDueAtMs',
      leaseField: 'confirmLeaseUntilMs',
      concurrency: 1,
      async handle(document) {
        const nowMs = clock.now();
        await reconcileClaims(context, toAgent(document), nowMs - confirmWithinMs);
        await setNextConfirmation(agents, document._id);
      },
    }),
    createDueWorker<DecisionDocument>({
      ...shared,
      collection: decisions,
      dueField: 'publishDueAtMs',
      leaseField: 'publishLeaseUntilMs',
      async handle(document) {
        const decision = readDecision(document);
        await context.decisionLog.publish([decision]);
        await context.decisions.published([decision]);
      },
    }),
  ];
}

/** On the condition that no claim was made meanwhile: its due time would be lost. If one was, it is due once more. */
async function setNextConfirmation(agents: Collection<AgentDocument>, id: string): Promise<void> {
  const agent = await agents.findOne({ _id: id });
  if (agent === undefined) return;
  const open = agent.unconfirmed.map(({ claimedAtMs }) => claimedAtMs);
  await agents.updateOne(
    { _id: id, revision: agent.revision },
    open.length === 0
      ? { $unset: { confirmDueAtMs: true } }
      : { $set: { confirmDueAtMs: Math.min(...open) + confirmWithinMs } },
  );
}
