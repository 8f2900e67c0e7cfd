import {
  Automatic,
  hashId,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { type ChannelDependencies, type Inbox, RetryLaterError } from '@tributary/gateway-kit';
import { backOffMs } from '@tributary/runtime';
import type { Place } from '../listening/looks.ts';
import type { Caller } from '../public-address.ts';
import type { FeedsAccount, MentionRule } from './account.ts';
import { fetchFeed, type Validators } from './fetch-feed.ts';
import { matchRule } from './match-rule.ts';
import { type Post, readFeed } from './read-feed.ts';

/** What is remembered of a feed: what its server said, and the posts that were in it. */
interface FeedMark extends Validators, Record<string, string | readonly string[]> {
  readonly etag: string;
  readonly lastModified: string;
  /** Newest first. */
  readonly known: readonly string[];
}

interface Mention {
  readonly message: InboundMessage;
  readonly become: MentionRule['become'];
}

/** What is older when a feed is new to us is not brought up. */
const firstLookBackMs = 24 * 60 * 60_000;
/** Of a feed that cannot be read. */
const longestWaitMs = 6 * 60 * 60_000;
const remembered = 1000;

/**
 * The place at which the mentions in one feed are found. That a feed cannot be read is its publisher's fault: it is logged, the feed
 * is asked less and less often, and it makes no problem of ours.
 */
export function feedPlace(
  account: FeedsAccount,
  url: string,
  inbox: Inbox,
  caller: Caller,
  { clock, logger }: ChannelDependencies,
): Place<FeedMark> {
  const pollMs = account.pollSeconds * 1000;
  /** In a row. */
  let failures = 0;

  /** @returns undefined when there is nothing new. */
  async function read(known: Validators) {
    const fetched = await fetchFeed(caller, url, known);
    return fetched && { ...fetched, posts: await readFeed(fetched.text, fetched.url) };
  }

  /** Those that were not in the feed before, oldest first: feeds have the newest first. */
  function newPosts(posts: readonly Post[], mark: FeedMark | undefined): Post[] {
    const known = new Set(mark?.known);
    const news = posts.filter(({ key, publishedAt }) => {
      if (mark !== undefined) return !known.has(hashId(key));
      // What has no date may be of any age.
      return (publishedAt?.getTime() ?? Number.NEGATIVE_INFINITY) >= clock.now() - firstLookBackMs;
    });
    return news.reverse();
  }

  return {
    id: `${account.name} ${url}`,
    async look(mark) {
      let found: Awaited<ReturnType<typeof read>>;
      try {
        found = await read(mark ?? { etag: '', lastModified: '' });
        failures = 0;
      } catch (error) {
        if (error instanceof RetryLaterError) throw error;
        logger.warn({ err: error, account: account.name, feed: url }, 'a feed cannot be read');
        return { mark, waitMs: Math.max(pollMs, backOffMs(failures++, { baseMs: pollMs, maxMs: longestWaitMs })) };
      }
      if (found === undefined) return { mark, waitMs: pollMs };
      const mentions = newPosts(found.posts, mark).flatMap((post) => mentionIn(account, url, post, clock.now()) ?? []);
      const that = (become: Mention['become']) =>
        mentions.filter((mention) => mention.become === become).map(({ message }) => message);
      await inbox.accept(...that('ticket'));
      await inbox.count(...that('count'));
      const present = found.posts.map(({ key }) => hashId(key));
      const known = [...new Set([...present, ...(mark?.known ?? [])])].slice(0, Math.max(remembered, present.length));
      return { mark: { etag: found.etag, lastModified: found.lastModified, known }, waitMs: pollMs };
    },
  };
}

/** Undefined when the account's rules pass the post over. The same post has the same id in all feeds of an account. */
function mentionIn(account: FeedsAccount, feed: string, post: Post, nowMs: number): Mention | undefined {
  const { key, link, title, text, author, language, publishedAt } = post;
  const match = matchRule(account.mentions, `${title}\n${text}`);
  if (match === undefined || match.become === 'ignore') return undefined;
  const { become, word } = match;
  const host = new URL(link || feed).hostname;
  const message = InboundMessage.fromPartial({
    id: inboundMessageId('feeds', account.name, key),
    channel: 'feeds',
    account: account.name,
    providerMessageId: key,
    conversationKey: `feeds:${account.name}:${hashId(key)}`,
    sender: {
      kind: 'feeds',
      address: author === '' ? host : `${host}:${author}`,
      displayName: author || host,
      verification: Verification.VERIFICATION_CLAIMED,
    },
    subject: title,
    text: text || title,
    kind: MessageKind.MESSAGE_KIND_POST,
    visibility: Visibility.VISIBILITY_PUBLIC,
    // Written to everybody, and nobody waits for an acknowledgement.
    automatic: Automatic.AUTOMATIC_LIST,
    languageHint: language,
    ...(publishedAt !== undefined && { providerTime: publishedAt }),
    receivedTime: new Date(nowMs),
    attributes: { feed, words: word, ...(link !== '' && { page: link }) },
  });
  return { message, become };
}
