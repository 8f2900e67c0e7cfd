import { type Collection, type DocStore, DuplicateKeyError, type Filter, type Update } from '@tributary/docstore';
import type { Agent, HeldWork } from '../domain/agents/agent.ts';
import type { AgentStore, Claim } from '../ports.ts';

/** How long a claim may stay without ticketing's word before it is looked into. */
export const confirmWithinMs = 60_000;
const maxAttempts = 20;

export interface AgentDocument extends Omit<Agent, 'id'> {
  readonly _id: string;
  /** The keys of `work`, for the index. */
  readonly workTicketIds: readonly string[];
  /** When to look into claims that were never confirmed. Absent when there are none. */
  readonly confirmDueAtMs?: number;
  /** How often units were claimed: whoever read the document sees by it whether another claim came between. */
  readonly claimsMade: number;
  readonly confirmLeaseUntilMs?: number;
  /** True when a person has put the profile: the policy's seed does not replace it then. */
  readonly putByPerson?: boolean;
}

export function openAgentCollection(store: DocStore): Promise<Collection<AgentDocument>> {
  return store.collection<AgentDocument>('agents', [
    { keys: { workTicketIds: 1 }, multikey: true },
    { keys: { confirmDueAtMs: 1 } },
  ]);
}

/**
 * Agents in one document each. Load, work and the list of tickets change only together, in one conditional update, so the
 * load is always the sum of the work and never passes the capacity by a claim, with any number of routers.
 */
export function createAgentStore(agents: Collection<AgentDocument>): AgentStore {
  const change = async (filter: Filter, update: Update) => {
    const after = await agents.findOneAndUpdate(filter, update);
    return after && toAgent(after);
  };
  const get = async (id: string) => {
    const found = await agents.findOne({ _id: id });
    return found && toAgent(found);
  };

  /**
   * Changes what the agent holds of these tickets: reads, and writes on the condition that just those are still held as
   * they were read. Other tickets' claims and releases do not disturb it.
   */
  const changeHeld = async (
    id: string,
    ticketIds: readonly string[],
    plan: (work: readonly (readonly [string, HeldWork])[]) => Update | undefined,
  ): Promise<Agent | undefined> => {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const agent = await get(id);
      if (agent === undefined) return undefined;
      const held = ticketIds.flatMap((ticketId) => {
        const work = agent.work[ticketId];
        return work === undefined ? [] : [[ticketId, work] as const];
      });
      const update = plan(held);
      if (update === undefined) return agent;
      const asRead = held.map(([ticketId, work]) => [`work.${ticketId}.sequence`, work.sequence] as const);
      const after = await change({ _id: id, ...Object.fromEntries(asRead) }, update);
      if (after !== undefined) return after;
    }
    throw new Error(`agent ${id} changes too often: ${maxAttempts} attempts were not enough`);
  };

  return {
    get,
    async list() {
      return (await agents.find({}, { sort: { _id: 1 } })).map(toAgent);
    },
    async holding(ticketIds) {
      if (ticketIds.length === 0) return [];
      return (await agents.find({ workTicketIds: { $in: ticketIds } }, { sort: { _id: 1 } })).map(toAgent);
    },
    async claim(id, capacityUnits, claims, nowMs, score) {
      const units = claims.reduce((sum, claim) => sum + claim.units, 0);
      const notHeld = claims.map(({ ticketId }) => [`work.${ticketId}`, { $exists: false }] as const);
      return change(
        {
          _id: id,
          presence: 'online',
          capacityUnits,
          loadUnits: { $lte: capacityUnits - units },
          ...Object.fromEntries(notHeld),
          ...(score !== undefined && { $or: [{ heldForScore: { $exists: false } }, { heldForScore: { $gt: score } }] }),
        },
        claimUpdate(claims, units, nowMs),
      );
    },
    async claimAnyway(id, claim, nowMs) {
      const { claimedAtMs: _, ...confirmed } = heldWork(claim, nowMs);
      const update = claimUpdate([claim], claim.units, nowMs);
      const after = await change(
        { _id: id, [`work.${claim.ticketId}`]: { $exists: false } },
        { ...update, $set: { ...update.$set, [`work.${claim.ticketId}`]: confirmed } },
      );
      return after ?? get(id);
    },
    release(id, claims) {
      const known = new Map(claims.map(({ ticketId, sequence }) => [ticketId, sequence]));
      return changeHeld(id, [...known.keys()], (held) => {
        const freed = held.filter(([ticketId, work]) => work.sequence <= (known.get(ticketId) ?? -1));
        if (freed.length === 0) return undefined;
        const ticketIds = freed.map(([ticketId]) => ticketId);
        return {
          $inc: { loadUnits: -freed.reduce((sum, [, { units }]) => sum + units, 0) },
          $unset: Object.fromEntries(ticketIds.map((ticketId) => [`work.${ticketId}`, true] as const)),
          $pull: { workTicketIds: { $in: ticketIds } },
        };
      });
    },
    renew(id, claims, nowMs) {
      const known = new Map(claims.map(({ ticketId, sequence }) => [ticketId, sequence]));
      return changeHeld(id, [...known.keys()], (held) => {
        if (held.length === 0) return undefined;
        const renewed = held.map(([ticketId, work]) => {
          const sequence = Math.max(work.sequence, known.get(ticketId) ?? 0);
          return [`work.${ticketId}`, { ...work, sequence, claimedAtMs: nowMs }] as const;
        });
        return {
          $inc: { claimsMade: 1 },
          $set: Object.fromEntries(renewed),
          $min: { confirmDueAtMs: nowMs + confirmWithinMs },
        };
      });
    },
    confirm(id, claims) {
      const known = new Map(claims.map(({ ticketId, sequence }) => [ticketId, sequence]));
      return changeHeld(id, [...known.keys()], (held) => {
        const open = held.filter(
          ([ticketId, work]) => work.claimedAtMs !== undefined || work.sequence < (known.get(ticketId) ?? 0),
        );
        if (open.length === 0) return undefined;
        return {
          $set: Object.fromEntries(
            open.map(([ticketId, work]) => [
              `work.${ticketId}.sequence`,
              Math.max(work.sequence, known.get(ticketId) ?? 0),
            ]),
          ),
          $unset: Object.fromEntries(open.map(([ticketId]) => [`work.${ticketId}.claimedAtMs`, true] as const)),
        };
      });
    },
    setPresence: (id, presence) => change({ _id: id }, { $set: { presence } }),
    async put(profile) {
      const { id, ...fields } = profile;
      const update = { $set: { ...fields, putByPerson: true }, $setOnInsert: newcomer('offline') };
      const after = await change({ _id: id }, update);
      if (after !== undefined) return after;
      // Concurrent first puts: whoever comes second replaces the profile.
      const { $set, $setOnInsert } = update;
      await agents.insertOne({ _id: id, ...$set, ...$setOnInsert }).catch(ignoreDuplicate);
      const replaced = await change({ _id: id }, { $set });
      if (replaced === undefined) throw new Error(`agent ${id} is gone again`);
      return replaced;
    },
    async seed(profile, presence) {
      const { id, ...fields } = profile;
      const { matched } = await agents.updateOne({ _id: id, putByPerson: { $ne: true } }, { $set: fields });
      if (matched === 0) await agents.insertOne({ _id: id, ...fields, ...newcomer(presence) }).catch(ignoreDuplicate);
    },
    hold(id, score) {
      const update: Update =
        score === undefined ? { $unset: { heldForScore: true } } : { $set: { heldForScore: score } };
      return change({ _id: id }, update);
    },
  };
}

function newcomer(presence: Agent['presence']) {
  return { presence, loadUnits: 0, work: {}, workTicketIds: [], claimsMade: 0 };
}

function heldWork({ units, sequence }: Claim, nowMs: number): HeldWork {
  return { units, sequence, claimedAtMs: nowMs };
}

function claimUpdate(claims: readonly Claim[], units: number, nowMs: number): Update {
  return {
    $inc: { loadUnits: units, claimsMade: 1 },
    $set: {
      lastAssignedAtMs: nowMs,
      ...Object.fromEntries(claims.map((claim) => [`work.${claim.ticketId}`, heldWork(claim, nowMs)])),
    },
    $push: { workTicketIds: { $each: claims.map(({ ticketId }) => ticketId) } },
    $min: { confirmDueAtMs: nowMs + confirmWithinMs },
  };
}

function ignoreDuplicate(error: unknown): void {
  if (!(error instanceof DuplicateKeyError)) throw error;
}

export function toAgent(document: AgentDocument): Agent {
  const { _id, workTicketIds, confirmDueAtMs, confirmLeaseUntilMs, claimsMade, putByPerson, ...agent } = document;
  return { id: _id, ...agent };
}
