import { type Collection, type DocStore, DuplicateKeyError, type Filter, type Update } from '@tributary/docstore';
import type { Agent, HeldWork } from '../domain/agents/agent.ts';
import type { AgentStore, Claim } from '../ports.ts';

/** How long a claim may stay without ticketing's word before it is looked into. */
export const confirmWithinMs = 60_000;
const maxAttempts = 20;

export interface AgentDocument extends Omit<Agent, 'id'> {
  readonly _id: string;
  /** Of `work`, for the index. */
  readonly workTicketIds: readonly string[];
  /** When to look into claims that were never confirmed. Absent when there are none. */
  readonly confirmDueAtMs?: number;
  /** Grows with every claim and release: whoever read the document sees by it whether one came between. */
  readonly revision: number;
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

/** An update and what must hold of the document besides its id. */
interface Conditional {
  readonly when: Filter;
  readonly update: Update;
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

  /** Reads, and writes on the condition that what it read still stands, until that comes about. */
  const changeHeld = async (
    id: string,
    ticketIds: readonly string[],
    plan: (held: readonly HeldWork[], agent: AgentDocument) => Conditional | undefined,
  ): Promise<Agent | undefined> => {
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const agent = await agents.findOne({ _id: id });
      if (agent === undefined) return undefined;
      const conditional = plan(
        agent.work.filter(({ ticketId }) => ticketIds.includes(ticketId)),
        agent,
      );
      if (conditional === undefined) return toAgent(agent);
      const after = await change({ _id: id, ...conditional.when }, conditional.update);
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
      return change(
        {
          _id: id,
          presence: 'online',
          capacityUnits,
          loadUnits: { $lte: capacityUnits - units },
          workTicketIds: { $nin: claims.map(({ ticketId }) => ticketId) },
          ...(score !== undefined && { $or: [{ heldForScore: { $exists: false } }, { heldForScore: { $gt: score } }] }),
        },
        claimUpdate(claims, units, nowMs),
      );
    },
    async claimAnyway(id, claim, nowMs) {
      const { $push, $min, ...update } = claimUpdate([claim], claim.units, nowMs);
      const { unconfirmed: _, ...held } = $push;
      const notHeld = { _id: id, workTicketIds: { $nin: [claim.ticketId] } };
      return (await change(notHeld, { ...update, $push: held })) ?? get(id);
    },
    release(id, claims, freedAtMs) {
      const known = new Map(claims.map(({ ticketId, sequence }) => [ticketId, sequence]));
      return changeHeld(id, [...known.keys()], (held) => {
        const freed = held.filter(({ ticketId, sequence }) => sequence <= (known.get(ticketId) ?? -1));
        if (freed.length === 0) return undefined;
        const ticketIds = freed.map(({ ticketId }) => ticketId);
        return {
          // Just these must still be held as they were read; claims and releases of others do not disturb it.
          when: {
            $and: freed.map(({ ticketId, sequence, units }) => ({
              work: { $elemMatch: { ticketId, sequence, units } },
            })),
          },
          update: {
            ...releaseUpdate(ticketIds, freed),
            ...(freedAtMs !== undefined && { $set: { availableSinceMs: freedAtMs } }),
          },
        };
      });
    },
    giveBack(id, { ticketId, offerId }, answer, notAnsweringAfter) {
      return changeHeld(id, [ticketId], (held, { presence, missedOffers = 0 }) => {
        const reserved = held.filter((work) => work.offerId === offerId);
        if (reserved.length === 0) return undefined;
        const reservation = { work: { $elemMatch: { ticketId, offerId } } };
        const update = releaseUpdate([ticketId], reserved);
        if (answer === 'none') return { when: reservation, update };
        if (answer === 'declined') return { when: reservation, update: { ...update, $unset: { missedOffers: true } } };
        const missed = missedOffers + 1;
        const isOff = presence === 'online' && notAnsweringAfter > 0 && missed >= notAnsweringAfter;
        const $set = { missedOffers: missed, ...(isOff && { presence: 'not_answering' }) };
        const asRead = { presence, missedOffers: missedOffers === 0 ? { $exists: false } : missedOffers };
        return { when: { ...reservation, ...asRead }, update: { ...update, $set } };
      });
    },
    async answered(id) {
      await agents.updateOne({ _id: id, missedOffers: { $exists: true } }, { $unset: { missedOffers: true } });
    },
    renew(id, claims, nowMs) {
      const known = new Map(claims.map(({ ticketId, sequence }) => [ticketId, sequence]));
      return changeHeld(id, [...known.keys()], (held, { revision, work, unconfirmed }) => {
        if (held.length === 0) return undefined;
        const newer = (each: HeldWork) => ({
          ...each,
          sequence: Math.max(each.sequence, known.get(each.ticketId) ?? 0),
        });
        const others = unconfirmed.filter(({ ticketId }) => !known.has(ticketId));
        const open = held.map(({ ticketId }) => ({ ticketId, claimedAtMs: nowMs }));
        return {
          when: { revision },
          update: {
            $inc: { revision: 1 },
            $set: { work: work.map(newer), unconfirmed: [...others, ...open] },
            $min: { confirmDueAtMs: nowMs + confirmWithinMs },
          },
        };
      });
    },
    confirm: (id, ticketIds) => change({ _id: id }, { $pull: { unconfirmed: { ticketId: { $in: ticketIds } } } }),
    confirmOffered: (id, ticketId) =>
      changeHeld(id, [ticketId], (held, { revision, work, unconfirmed }) => {
        if (held.length === 0) return undefined;
        const owned = ({ offerId: _, ...each }: HeldWork) => each;
        return {
          when: { revision },
          update: {
            $inc: { revision: 1 },
            $set: {
              work: work.map((each) => (each.ticketId === ticketId ? owned(each) : each)),
              unconfirmed: unconfirmed.filter((claim) => claim.ticketId !== ticketId),
            },
          },
        };
      }),
    async setPresence(id, presence, nowMs) {
      const $set = { presence, ...(presence === 'online' && { availableSinceMs: nowMs }) };
      const changed = await change({ _id: id, presence: { $ne: presence } }, { $set, $unset: { missedOffers: true } });
      return changed ?? change({ _id: id }, { $unset: { missedOffers: true } });
    },
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
  return { presence, loadUnits: 0, work: [], workTicketIds: [], unconfirmed: [], revision: 0 };
}

function claimUpdate(claims: readonly Claim[], units: number, nowMs: number) {
  return {
    $inc: { loadUnits: units, revision: 1 },
    $set: { lastAssignedAtMs: nowMs },
    $push: {
      work: { $each: claims.map(toHeldWork) },
      workTicketIds: { $each: claims.map(({ ticketId }) => ticketId) },
      unconfirmed: { $each: claims.map(({ ticketId }) => ({ ticketId, claimedAtMs: nowMs })) },
    },
    $min: { confirmDueAtMs: nowMs + confirmWithinMs },
  };
}

function toHeldWork({ ticketId, units, sequence, offerId }: Claim): HeldWork {
  return { ticketId, units, sequence, ...(offerId !== undefined && { offerId }) };
}

function releaseUpdate(ticketIds: readonly string[], freed: readonly HeldWork[]) {
  return {
    $inc: { loadUnits: -freed.reduce((sum, { units }) => sum + units, 0), revision: 1 },
    $pull: {
      work: { ticketId: { $in: ticketIds } },
      workTicketIds: { $in: ticketIds },
      unconfirmed: { ticketId: { $in: ticketIds } },
    },
  };
}

function ignoreDuplicate(error: unknown): void {
  if (!(error instanceof DuplicateKeyError)) throw error;
}

export function toAgent(document: AgentDocument): Agent {
  const { _id, workTicketIds, confirmDueAtMs, confirmLeaseUntilMs, revision, putByPerson, ...agent } = document;
  // Agents kept before there were calls have no address.
  return { id: _id, ...agent, callAddress: agent.callAddress ?? '' };
}
