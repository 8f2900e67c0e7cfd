import type { InboundMessage } from '@tributary/contracts';
import { type ChannelDependencies, type Inbox, type KeptFile, keepFile, RetryLaterError } from '@tributary/gateway-kit';
import type { Service } from '@tributary/runtime';
import { openLooks, type Place } from '../listening/looks.ts';
import type { WeiboAccount } from './account.ts';
import { allowanceResetMs, callWeibo, outOfAllowance, WeiboError } from './api.ts';
import { type FeedItem, idOf, itemsOf, picturesOf, publicMessage, timeOf } from './feed-items.ts';

const feeds = [
  { path: 'statuses/mentions', list: 'statuses' },
  { path: 'comments/to_me', list: 'comments' },
  { path: 'comments/mentions', list: 'comments' },
] as const;
type Feed = (typeof feeds)[number];

/** The newest item that is in the log; "0" when there was none yet. */
interface FeedMark extends Record<string, string> {
  readonly sinceId: string;
}

/** What is older when an account is new to us is not brought up again. */
const firstLookBackMs = 24 * 60 * 60_000;
const pageSize = 200;
const maxPictureBytes = 20 * 1024 * 1024;

/** Looks for mentions and comments of all accounts: each of an account's feeds is a place of its own. */
export function openFeeds(
  accounts: readonly WeiboAccount[],
  inbox: Inbox,
  dependencies: ChannelDependencies,
): Promise<Service> {
  const { blobStore, clock } = dependencies;

  function placeOf(account: WeiboAccount, feed: Feed): Place<FeedMark> {
    return {
      id: `${account.name} ${feed.path}`,
      async look(mark) {
        try {
          const found = await newItems(account, feed, mark?.sinceId ?? '');
          const messages: InboundMessage[] = [];
          for (const item of found) {
            const message = publicMessage(account, item, clock.now());
            if (message !== undefined) messages.push({ ...message, ...(await pictures(account, item)) });
          }
          await inbox.accept(...messages);
          const newest = found.at(-1);
          const sinceId = newest === undefined ? (mark?.sinceId ?? '0') : idOf(newest);
          return { mark: { sinceId }, waitMs: account.pollSeconds * 1000 };
        } catch (error) {
          if (!(error instanceof WeiboError) || !outOfAllowance.has(error.code)) throw error;
          const resetMs = await allowanceResetMs(account.apiUrl, account.accessToken);
          throw new RetryLaterError(error.message, Math.max(1000, resetMs));
        }
      },
    };
  }

  /** @throws when one cannot be fetched just now: then all of this look comes again. */
  async function pictures(account: WeiboAccount, item: FeedItem) {
    const kept: KeptFile[] = [];
    for (const url of picturesOf(item)) {
      const name = url.slice(url.lastIndexOf('/') + 1);
      const options = { blobStore, hosts: account.pictureHosts, maxBytes: maxPictureBytes, timeoutMs: 10_000 };
      kept.push(await keepFile({ url, name, mediaType: '' }, options));
    }
    return {
      attachments: kept.flatMap((one) => ('attachment' in one ? [one.attachment] : [])),
      refusals: kept.flatMap((one) => ('refusal' in one ? [one.refusal] : [])),
    };
  }

  /** Everything after `sinceId`, oldest first. Pages go back by id, for new items would shift pages that go by number. */
  async function newItems(account: WeiboAccount, { path, list }: Feed, sinceId: string): Promise<FeedItem[]> {
    const oldestMs = sinceId === '' ? clock.now() - firstLookBackMs : Number.NEGATIVE_INFINITY;
    const found: FeedItem[] = [];
    for (let maxId = ''; ; ) {
      const page = itemsOf(
        await callWeibo('GET', `${account.apiUrl}/2/${path}.json`, account.accessToken, {
          count: String(pageSize),
          ...(sinceId !== '' && { since_id: sinceId }),
          ...(maxId !== '' && { max_id: maxId }),
        }),
        list,
      );
      const wanted = page.filter(
        ({ created_at }) => (timeOf(created_at)?.getTime() ?? Number.POSITIVE_INFINITY) >= oldestMs,
      );
      found.push(...wanted);
      const last = page.at(-1);
      // A page may be shorter than asked for, because what was deleted is left out of it.
      if (last === undefined || wanted.length < page.length) return found.reverse();
      maxId = String(BigInt(idOf(last)) - 1n);
    }
  }

  const places = accounts.flatMap((account) => feeds.map((feed) => placeOf(account, feed)));
  return openLooks('weibo_feeds', places, dependencies);
}
