import { type Collection, createDueWorker, type Document, DuplicateKeyError } from '@tributary/docstore';
import { type ChannelDependencies, RetryLaterError } from '@tributary/gateway-kit';
import type { Service } from '@tributary/runtime';

/** What a place is remembered by, as a document can hold it. */
type Mark = Readonly<Record<string, string | readonly string[]>>;

/** Something that is looked at again and again: the reviews of an app, a feed. */
export interface Place<M extends Mark> {
  readonly id: string;
  /**
   * Looks once; what is found must be in the log when it resolves.
   * @param mark What the last look gave. Undefined: none has succeeded yet.
   * @throws RetryLaterError when the provider says when to come again. Anything else is told as a problem, and the place is
   * looked at again after a minute.
   */
  look(mark: M | undefined): Promise<{ readonly mark: M | undefined; readonly waitMs: number }>;
}

interface PlaceDocument<M extends Mark> extends Document {
  /** Absent: it was never looked at. */
  readonly mark?: M;
  readonly dueAtMs: number;
}

/** So long a crash delays the next look. One that takes longer is made twice, which does no harm. */
const leaseMs = 60_000;

/**
 * Looks at places in turn. Each is a row with a due time, claimed with a lease: over all replicas one looks at a time. Its mark
 * moves on only when what was found is in the log, so a crash finds the same again.
 * @param name Of the collection.
 */
export async function openLooks<M extends Mark>(
  name: string,
  places: readonly Place<M>[],
  { docStore, clock, logger }: ChannelDependencies,
): Promise<Service> {
  const rows: Collection<PlaceDocument<M>> = await docStore.collection(name, [{ keys: { dueAtMs: 1 } }]);
  const byId = new Map(places.map((place) => [place.id, place]));
  const worker = createDueWorker<PlaceDocument<M>>({
    collection: rows,
    // The row of a place that was taken out of the configuration stays, and its mark with it.
    filter: { _id: { $in: [...byId.keys()] } },
    clock,
    leaseMs,
    logger,
    async handle({ _id, mark, dueAtMs }) {
      const next = await byId
        .get(_id)
        ?.look(mark)
        .catch((error: unknown) => {
          if (!(error instanceof RetryLaterError)) throw error;
          logger.info({ place: _id, reason: error.message }, 'looked at again later');
          return { mark, waitMs: error.afterMs };
        });
      if (next === undefined) return;
      const set = { dueAtMs: clock.now() + next.waitMs, ...(next.mark !== undefined && { mark: next.mark }) };
      // Another replica that took over an expired lease has moved the row on already.
      await rows.updateOne({ _id, dueAtMs }, { $set: set });
    },
  });
  return {
    async start() {
      for (const { id } of places) {
        await rows.insertOne({ _id: id, dueAtMs: clock.now() }).catch((error: unknown) => {
          if (!(error instanceof DuplicateKeyError)) throw error;
        });
      }
      await worker.start();
    },
    stop: () => worker.stop(),
    problems: () => [],
    // Where the store is at fault, it says so itself.
    providerProblems: () => worker.problems(),
  };
}
