import { status } from '@grpc/grpc-js';
import { decodeEvent, MalformedEventError, type Offer, OfferState, StatusError, topics } from '@tributary/contracts';
import type { Consumer, EventLog } from '@tributary/eventlog';
import type { Service } from '@tributary/runtime';
import type { OfferView } from '../ports.ts';

/** A watcher that does not read so many changes is given up: it begins anew with what is pending then. */
const maxUnread = 1000;
/** A repeated beginning of an offer is told from a new one among so many that ended last. */
const maxEnded = 1000;

/** Offers of every router, as they change. */
export interface OfferWatch extends Service {
  /**
   * First what `pending` gives, then every change, until the signal ends it; repeats are left out.
   */
  watch(
    whose: OfferView,
    pending: () => Promise<readonly Offer[]>,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Offer>;
}

/** Reads along with routing.offers.v1, once for all watchers. */
export function createOfferWatch(eventLog: EventLog): OfferWatch {
  const watchers = new Set<(offer: Offer) => void>();
  let reader: Consumer | undefined;

  async function* watch(
    { agentId, regions }: OfferView,
    pending: () => Promise<readonly Offer[]>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Offer> {
    const unread: Offer[] = [];
    let wake = () => {};
    const take = (offer: Offer) => {
      const isWanted =
        (agentId === '' || offer.agentId === agentId) &&
        (regions === undefined || regions.includes(offer.grade?.region ?? ''));
      if (isWanted) unread.push(offer);
      wake();
    };
    const end = () => wake();
    watchers.add(take);
    signal?.addEventListener('abort', end);
    try {
      const isNews = createNewsFilter();
      for (const offer of await pending()) if (isNews(offer)) yield offer;
      while (!signal?.aborted) {
        if (unread.length > maxUnread) {
          throw new StatusError(status.RESOURCE_EXHAUSTED, `more than ${maxUnread} changes were not read`);
        }
        const offer = unread.shift();
        if (offer === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
            if (unread.length > 0 || signal?.aborted) resolve();
          });
        } else if (isNews(offer)) yield offer;
      }
    } finally {
      watchers.delete(take);
      signal?.removeEventListener('abort', end);
    }
  }

  return {
    watch,
    async start() {
      reader = await eventLog.tail({
        topics: [topics.offers.name],
        from: 'end',
        handle(record) {
          try {
            const offer = decodeEvent(topics.offers, record);
            for (const take of watchers) take(offer);
          } catch (error) {
            // Not one of ours; whoever consumes the topic puts it aside.
            if (!(error instanceof MalformedEventError)) throw error;
          }
        },
      });
    },
    async stop() {
      await reader?.stop();
    },
    problems: () => reader?.problems() ?? [],
  };
}

/** Offers are told at least once, and after a crash their beginning may be told after their end. */
function createNewsFilter(): (offer: Offer) => boolean {
  const pending = new Set<string>();
  const ended = new Set<string>();
  return ({ id, state }) => {
    if (ended.has(id)) return false;
    if (state === OfferState.OFFER_STATE_PENDING) {
      if (pending.has(id)) return false;
      pending.add(id);
      return true;
    }
    pending.delete(id);
    ended.add(id);
    const [oldest] = ended;
    if (ended.size > maxEnded && oldest !== undefined) ended.delete(oldest);
    return true;
  };
}
