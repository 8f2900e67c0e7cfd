import type { Collection, DocStore, Filter } from '@tributary/docstore';
import type { KeptOffer, OfferStore } from '../ports.ts';

/** How long whoever made an offer has to publish it. */
const tellWithinMs = 5000;
/** How long whoever took an agent's yes has to see it through. */
const acceptWithinMs = 15_000;

export interface OfferDocument
  extends Omit<KeptOffer, 'id' | 'contact' | 'grade' | 'units' | 'ticketId' | 'ticketNumber' | 'open'> {
  readonly _id: string;
  readonly ticketId: string;
  readonly ticketNumber: string;
  /** When something is to be done: telling of it, timing out, carrying on from its end. Absent: nothing ever again. */
  readonly dueAtMs?: number;
  readonly leaseUntilMs?: number;
  /** The ticket, as long as it may not be offered to anybody else. */
  readonly liveTicketId?: string;
}

export function openOfferCollection(store: DocStore): Promise<Collection<OfferDocument>> {
  return store.collection<OfferDocument>('offers', [
    { keys: { liveTicketId: 1 }, unique: true },
    { keys: { dueAtMs: 1 } },
    { keys: { ticketId: 1, madeAtMs: -1 } },
    { keys: { ticketNumber: 1, madeAtMs: -1 } },
    { keys: { agentId: 1, madeAtMs: -1 } },
    { keys: { madeAtMs: -1, _id: -1 } },
  ]);
}

export function createOfferStore(offers: Collection<OfferDocument>): OfferStore {
  const openOf = async (ticketIds: readonly string[]) => {
    if (ticketIds.length === 0) return [];
    return (await offers.find({ ticketId: { $in: ticketIds }, dueAtMs: { $exists: true } })).map(toOffer);
  };
  const get = async (id: string) => {
    const found = await offers.findOne({ _id: id });
    return found && toOffer(found);
  };

  /** What stands in the way of an offer: itself, added before, or another one of its ticket. Undefined: it has gone meanwhile. */
  const standing = async ({ id, ticketId }: KeptOffer) => {
    const other = (await offers.findOne({ _id: id })) ?? (await offers.findOne({ liveTicketId: ticketId }));
    return other && toOffer(other);
  };
  const add = async (added: readonly KeptOffer[], nowMs: number): Promise<KeptOffer[]> => {
    if (added.length === 0) return [];
    const documents = added.map((offer) => ({ insertOne: { document: toDocument(offer, nowMs) } }));
    const { duplicates } = await offers.bulkWrite(documents);
    const results: KeptOffer[] = [];
    for (const [index, offer] of added.entries()) {
      const other = duplicates.includes(index) ? await standing(offer) : offer;
      results.push(...(other === undefined ? await add([offer], nowMs) : [other]));
    }
    return results;
  };

  return {
    add,
    get,
    openOf,
    async told(ids) {
      const known = await offers.find({ _id: { $in: ids }, told: false });
      await offers.bulkWrite(
        known.map(({ _id, expiresAtMs }) => ({
          updateOne: {
            filter: { _id, state: 'pending', told: false },
            update: { $set: { told: true, dueAtMs: expiresAtMs } },
          },
        })),
      );
    },
    async accept(id, nowMs) {
      const accepted = await offers.findOneAndUpdate(
        { _id: id, state: 'pending', expiresAtMs: { $gt: nowMs } },
        { $set: { state: 'accepting', dueAtMs: nowMs + acceptWithinMs } },
      );
      return accepted && toOffer(accepted);
    },
    async end(id, { state, reason, after }, nowMs) {
      const inTime: Filter =
        state === 'declined'
          ? { expiresAtMs: { $gt: nowMs } }
          : state === 'timed_out'
            ? { expiresAtMs: { $lte: nowMs } }
            : {};
      const ended = await offers.findOneAndUpdate(
        { _id: id, state: 'pending', ...inTime },
        { $set: { state, reason, after, endedAtMs: nowMs, dueAtMs: nowMs } },
      );
      return ended && toOffer(ended);
    },
    async conclude(id, reason, nowMs) {
      const state = reason === '' ? 'accepted' : 'cancelled';
      const ended = await offers.findOneAndUpdate(
        { _id: id, state: 'accepting' },
        { $set: { state, reason, after: state === 'accepted' ? 'nothing' : 'offer_next', endedAtMs: nowMs } },
      );
      return ended && toOffer(ended);
    },
    async letGo(id) {
      await offers.updateOne({ _id: id }, { $unset: { liveTicketId: true } });
    },
    async settled(id) {
      await offers.updateOne({ _id: id }, { $unset: { liveTicketId: true, dueAtMs: true } });
    },
    async page({ agentId, ticket, states, regions }, after, limit) {
      const filters: Filter[] = [
        ...(regions === undefined ? [] : [{ 'work.grade.region': { $in: regions } }]),
        ...(agentId === '' ? [] : [{ agentId }]),
        ...(ticket === '' ? [] : [{ $or: [{ ticketId: ticket }, { ticketNumber: ticket }] }]),
        ...(states.length === 0 ? [] : [{ state: { $in: states } }]),
        ...(after === undefined
          ? []
          : [{ $or: [{ madeAtMs: { $lt: after.madeAtMs } }, { madeAtMs: after.madeAtMs, _id: { $lt: after.id } }] }]),
      ];
      const sort = { madeAtMs: -1, _id: -1 } as const;
      const found = await offers.find(filters.length === 0 ? {} : { $and: filters }, { sort, limit: limit + 1 });
      const page = found.slice(0, limit).map(toOffer);
      const last = found.length > limit ? page.at(-1) : undefined;
      return { offers: page, next: last && { madeAtMs: last.madeAtMs, id: last.id } };
    },
  };
}

function toDocument(offer: KeptOffer, nowMs: number): OfferDocument {
  const { id, contact: _c, grade: _g, units: _u, open: _o, ...kept } = offer;
  return { _id: id, ...kept, liveTicketId: offer.ticketId, dueAtMs: Math.min(offer.expiresAtMs, nowMs + tellWithinMs) };
}

export function toOffer(document: OfferDocument): KeptOffer {
  const { _id, dueAtMs, leaseUntilMs, liveTicketId, ...offer } = document;
  const { live, units, grade } = offer.work;
  if (live === undefined) throw new Error(`offer ${_id} is of no live contact`);
  return { id: _id, ...offer, contact: live, units, grade, open: dueAtMs !== undefined };
}
