import type { InboundMessage } from '@tributary/contracts';
import { type Collection, createDueWorker, type Document, DuplicateKeyError } from '@tributary/docstore';
import { type ChannelDependencies, type Inbox, type KeptFile, keepFile } from '@tributary/gateway-kit';
import type { Service } from '@tributary/runtime';
import type { WeiboAccount } from './account.ts';
import { allowanceResetMs, callWeibo, outOfAllowance, WeiboError } from './api.ts';
import { type FeedItem, idOf, itemsOf, picturesOf, publicMessage, timeOf } from './feed-items.ts';

const feeds = [
  { path: 'statuses/mentions', list: 'statuses' },
  { path: 'comments/to_me', list: 'comments' },
  { path: 'comments/mentions', list: 'comments' },
] as const;
type Feed = (typeof feeds)[number];

interface FeedDocument extends Document {
  readonly account: string;
  readonly path: string;
  /** The newest item that is in the log. Empty: it was never looked at. */
  readonly sinceId: string;
  readonly dueAtMs: number;
  readonly leaseUntilMs?: number;
}

/** What is older when an account is new to us is not brought up again. */
const firstLookBackMs = 24 * 60 * 60_000;
/** Longer than a look takes. */
const leaseMs = 2 * 60_000;
const pageSize = 200;
const maxPictureBytes = 20 * 1024 * 1024;

/**
 * Looks for mentions and comments of all accounts. Each feed is a row with a due time, claimed with a lease: over all replicas
 * one looks at a time. Its place moves on only when what was found is in the log, so a crash finds the same items again.
 */
export async function openFeeds(
  accounts: readonly WeiboAccount[],
  inbox: Inbox,
  { blobStore, docStore, clock, logger }: ChannelDependencies,
): Promise<Service> {
  const rows: Collection<FeedDocument> = await docStore.collection('weibo_feeds', [{ keys: { dueAtMs: 1 } }]);
  const byName = new Map(accounts.map((account) => [account.name, account]));
  const worker = createDueWorker<FeedDocument>({
    collection: rows,
    // A row of an account that was taken out of the configuration stays, and its place with it.
    filter: { account: { $in: [...byName.keys()] } },
    clock,
    leaseMs,
    handle: look,
    logger,
  });

  async function look(row: FeedDocument): Promise<void> {
    const account = byName.get(row.account);
    const feed = feeds.find(({ path }) => path === row.path);
    if (account === undefined || feed === undefined) return;
    const { sinceId, waitMs } = await lookAt(account, feed, row.sinceId);
    // Another replica that took over an expired lease has moved the row on already.
    await rows.updateOne({ _id: row._id, dueAtMs: row.dueAtMs }, { $set: { sinceId, dueAtMs: clock.now() + waitMs } });
  }

  async function lookAt(account: WeiboAccount, feed: Feed, sinceId: string) {
    try {
      const found = await newItems(account, feed, sinceId);
      const messages: InboundMessage[] = [];
      for (const item of found) {
        const message = publicMessage(account, item, clock.now());
        if (message !== undefined) messages.push({ ...message, ...(await pictures(account, item)) });
      }
      await inbox.accept(...messages);
      const newest = found.at(-1);
      return { sinceId: newest === undefined ? sinceId || '0' : idOf(newest), waitMs: account.pollSeconds * 1000 };
    } catch (error) {
      if (!(error instanceof WeiboError) || !outOfAllowance.has(error.code)) throw error;
      return { sinceId, waitMs: Math.max(1000, await allowanceResetMs(account.apiUrl, account.accessToken)) };
    }
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

  return {
    async start() {
      for (const { name } of accounts) {
        for (const { path } of feeds) {
          const row = { _id: `${name} ${path}`, account: name, path, sinceId: '', dueAtMs: clock.now() };
          await rows.insertOne(row).catch((error: unknown) => {
            if (!(error instanceof DuplicateKeyError)) throw error;
          });
        }
      }
      await worker.start();
    },
    stop: () => worker.stop(),
    problems: () => worker.problems(),
  };
}
