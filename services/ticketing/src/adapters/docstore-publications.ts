import { randomBytes } from 'node:crypto';
import type { DocStore, Document, Filter } from '@tributary/docstore';
import type { Publication, Publications } from '../ports.ts';

interface PublicationDocument extends Document {
  readonly ticketIds: readonly string[];
  /** The replica that publishes it. */
  readonly relayBy: string;
  readonly announcedAtMs: number;
  readonly untilMs: number;
}

export interface PublicationOptions {
  /** How long a replica has a publication to itself. */
  readonly leaseMs: number;
  now(): number;
}

/** Opens the collection `publications`: one small document for as long as a batch of ticket events is not appended. */
export async function openPublications(
  docStore: DocStore,
  { leaseMs, now }: PublicationOptions,
): Promise<Publications> {
  const collection = await docStore.collection<PublicationDocument>('publications', [{ keys: { untilMs: 1 } }]);
  // Of this replica's life: after a restart its old publications are somebody else's.
  const relayBy = randomBytes(6).toString('base64url');
  let count = 0;
  const held = async (filter: Filter): Promise<Publication[]> =>
    (await collection.find({ ...filter, relayBy })).map(({ _id: id, relayBy: _, ...publication }) => ({
      id,
      ...publication,
    }));
  return {
    async announce(ticketIds) {
      const announcedAtMs = now();
      const publication = { ticketIds, announcedAtMs, untilMs: announcedAtMs + leaseMs };
      const _id = `${relayBy} ${(++count).toString(36)}`;
      await collection.insertOne({ _id, relayBy, ...publication });
      return { id: _id, ...publication };
    },
    isOwn: (id) => id.startsWith(`${relayBy} `),
    async unfinished(ids) {
      const found = await collection.find({ _id: { $in: ids } }, { projection: { untilMs: 1 } });
      return new Set(found.map(({ _id }) => _id));
    },
    async renew(ids) {
      const update = { $set: { untilMs: now() + leaseMs } };
      await collection.bulkWrite(ids.map((_id) => ({ updateOne: { filter: { _id, relayBy }, update } })));
      return held({ _id: { $in: ids } });
    },
    async takeOver(limit) {
      const over = await collection.find({ untilMs: { $lte: now() } }, { sort: { untilMs: 1 }, limit });
      if (over.length === 0) return [];
      const update = { $set: { relayBy, untilMs: now() + leaseMs } };
      await collection.bulkWrite(over.map(({ _id, untilMs }) => ({ updateOne: { filter: { _id, untilMs }, update } })));
      return held({ _id: { $in: over.map(({ _id }) => _id) } });
    },
    async narrow(narrowed) {
      await collection.bulkWrite(
        narrowed.map(({ id: _id, ticketIds }) => ({ updateOne: { filter: { _id }, update: { $set: { ticketIds } } } })),
      );
    },
    async takeBack(ids) {
      await collection.bulkWrite(ids.map((_id) => ({ deleteOne: { filter: { _id } } })));
    },
  };
}
