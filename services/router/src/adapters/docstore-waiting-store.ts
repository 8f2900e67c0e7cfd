import { randomUUID } from 'node:crypto';
import type { Collection, DocStore, Filter } from '@tributary/docstore';
import { stepOf } from '../domain/planning/plan-owners.ts';
import type { Needs, Step } from '../domain/planning/step.ts';
import type { Waiting, WaitingStore } from '../ports.ts';

/** How long a router that took waiting work to hand it out keeps others from it. */
const leaseMs = 10_000;

export interface WaitingDocument extends Omit<Waiting, 'ticketId'> {
  readonly _id: string;
  /** Of the step that counts. */
  readonly needsKey: string;
  /** When the step expires. Absent: never. */
  readonly stepDueAtMs?: number;
  readonly stepLeaseUntilMs?: number;
  readonly leasedBy?: string;
  readonly leasedUntilMs?: number;
}

interface NeedsDocument extends Needs {
  readonly _id: string;
}

export function openWaitingCollection(store: DocStore): Promise<Collection<WaitingDocument>> {
  return store.collection<WaitingDocument>('waiting', [
    { keys: { needsKey: 1, score: 1, _id: 1 } },
    { keys: { needsKey: 1, receivedAtMs: 1 } },
    { keys: { score: 1, _id: 1 } },
    { keys: { stepDueAtMs: 1 } },
  ]);
}

/**
 * Waiting work: one document per ticket, found by what its present step needs. The kinds of needs are few, whatever the
 * number of tickets, and are kept in `waiting_needs`: an agent who frees up looks there what suits them, and then takes
 * just that from the waiting list in score order.
 */
export async function createWaitingStore(waiting: Collection<WaitingDocument>, store: DocStore): Promise<WaitingStore> {
  const needs = await store.collection<NeedsDocument>('waiting_needs');
  const knownNeeds = new Set<string>();
  const me = randomUUID();

  /** Stored before the work that has them, so that whoever looks for the work finds its needs. */
  const keepNeeds = async (steps: readonly Step[]) => {
    const unknown = new Map(
      steps.filter(({ needsKey }) => !knownNeeds.has(needsKey)).map((step) => [step.needsKey, step]),
    );
    if (unknown.size === 0) return;
    await needs.bulkWrite(
      [...unknown].map(([key, { skills, regions, language, tier, agentIds }]) => ({
        updateOne: {
          filter: { _id: key },
          update: { $setOnInsert: { skills, regions, language, tier, agentIds } },
          upsert: true,
        },
      })),
    );
    for (const key of unknown.keys()) knownNeeds.add(key);
  };

  const insert = async (works: readonly Waiting[], nowMs: number) => {
    if (works.length === 0) return;
    await keepNeeds(works.map(stepOf));
    await waiting.bulkWrite(
      works.map((work) => {
        const { _id, ...fields } = toDocument(work, nowMs);
        return { updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true } };
      }),
    );
  };

  const notLeased = (nowMs: number): Filter => ({
    $or: [{ leasedUntilMs: { $exists: false } }, { leasedUntilMs: { $lte: nowMs } }, { leasedBy: me }],
  });

  return {
    add: insert,
    async find(ticketIds) {
      if (ticketIds.length === 0) return [];
      return (await waiting.find({ _id: { $in: ticketIds } })).map(toWaiting);
    },
    async isEmpty() {
      return (await waiting.findOne({}, { projection: { _id: 1 } })) === undefined;
    },
    async countByNeeds() {
      const counts = [];
      for (const { _id: needsKey, ...kind } of await needs.find({})) {
        const count = await waiting.count({ needsKey });
        const [oldest] = count === 0 ? [] : await waiting.find({ needsKey }, { sort: { receivedAtMs: 1 }, limit: 1 });
        counts.push({
          needs: kind,
          count: oldest === undefined ? 0 : count,
          oldestReceivedAtMs: oldest?.receivedAtMs ?? 0,
        });
      }
      return counts;
    },
    async listNeeds() {
      return (await needs.find({})).map(({ _id, ...rest }) => ({ needsKey: _id, needs: rest }));
    },
    async firstOf(needsKeys, limit, nowMs) {
      if (needsKeys.length === 0) return [];
      const filter = { needsKey: { $in: needsKeys }, ...notLeased(nowMs) };
      return (await waiting.find(filter, { sort: { score: 1, _id: 1 }, limit })).map(toWaiting);
    },
    async lease(ticketIds, nowMs) {
      if (ticketIds.length === 0) return new Set();
      await waiting.bulkWrite(
        ticketIds.map((_id) => ({
          updateOne: {
            filter: { _id, ...notLeased(nowMs) },
            update: { $set: { leasedBy: me, leasedUntilMs: nowMs + leaseMs } },
          },
        })),
      );
      const got = await waiting.find({ _id: { $in: ticketIds }, leasedBy: me }, { projection: { _id: 1 } });
      return new Set(got.map(({ _id }) => _id));
    },
    async unlease(ticketIds) {
      if (ticketIds.length === 0) return;
      await waiting.bulkWrite(
        ticketIds.map((_id) => ({
          updateOne: { filter: { _id, leasedBy: me }, update: { $unset: { leasedBy: true, leasedUntilMs: true } } },
        })),
      );
    },
    async remove(tickets) {
      if (tickets.length === 0) return;
      await waiting.bulkWrite(
        tickets.map(({ ticketId, sequence, decisionId }) => ({
          deleteOne: {
            filter: {
              _id: ticketId,
              ...(sequence !== undefined && { sequence: { $lt: sequence } }),
              ...(decisionId !== undefined && { decisionId }),
            },
          },
        })),
      );
    },
    async advance(work, nowMs) {
      const { _id, stepIndex, needsKey, stepDueAtMs } = toDocument(work, nowMs);
      await keepNeeds([stepOf(work)]);
      await waiting.updateOne(
        { _id, sequence: work.sequence, stepIndex: { $lt: stepIndex } },
        stepDueAtMs === undefined
          ? { $set: { stepIndex, needsKey }, $unset: { stepDueAtMs: true } }
          : { $set: { stepIndex, needsKey, stepDueAtMs } },
      );
    },
    async setLive(ticketId, live) {
      await waiting.updateOne({ _id: ticketId }, live === undefined ? { $unset: { live: true } } : { $set: { live } });
    },
    async page(after, limit, regions) {
      const filter: Filter = {
        ...(after && { $or: [{ score: { $gt: after.score } }, { score: after.score, _id: { $gt: after.ticketId } }] }),
        ...(regions && { 'grade.region': { $in: regions } }),
      };
      const found = await waiting.find(filter, { sort: { score: 1, _id: 1 }, limit: limit + 1 });
      const page = found.slice(0, limit).map(toWaiting);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { waiting: page, next: last && { score: last.score, ticketId: last.ticketId } };
    },
  };
}

function toDocument(work: Waiting, nowMs: number): WaitingDocument {
  const { ticketId, ...rest } = work;
  const { needsKey, expiresAfterMs } = stepOf(work);
  return {
    _id: ticketId,
    ...rest,
    needsKey,
    ...(expiresAfterMs > 0 && { stepDueAtMs: nowMs + expiresAfterMs }),
  };
}

export function toWaiting(document: WaitingDocument): Waiting {
  const { _id, needsKey, stepDueAtMs, stepLeaseUntilMs, leasedBy, leasedUntilMs, ...waiting } = document;
  return { ticketId: _id, ...waiting };
}
