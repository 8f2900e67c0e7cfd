import { InboundMessage, inboundMessageId, MessageKind, Verification, Visibility } from '@tributary/contracts';
import type { Inbox } from '@tributary/gateway-kit';
import type { Clock } from '@tributary/runtime';
import type { Place } from './looks.ts';

/** One state of one review. A review that was edited is a further message of the same conversation. */
export interface Review {
  readonly channel: string;
  readonly account: string;
  /** The store's own id. */
  readonly reviewId: string;
  /** Tells this state from earlier ones. */
  readonly version: string;
  readonly author: string;
  /** 1 to 5. */
  readonly stars: number;
  readonly title: string;
  readonly text: string;
  readonly writtenAt: Date;
  readonly languageHint?: string;
  readonly regionHint?: string;
  /** Further facts; those that are empty are left out. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

/** Newest first. */
export interface ReviewPage {
  readonly reviews: readonly Review[];
  /** Names the page after it. Undefined: it is the last. */
  readonly next?: string | undefined;
}

/** Message ids of the newest reviews that are in the log, newest first. */
export interface ReviewMark extends Record<string, readonly string[]> {
  readonly known: readonly string[];
}

/** What is older when an account is new to us is not brought up again. */
const firstLookBackMs = 24 * 60 * 60_000;
/** More than one page of any store, so that edits among them are found. */
const remembered = 1000;

/** The place at which one app's reviews are found. */
export function reviewPlace(
  { name, pollSeconds }: { readonly name: string; readonly pollSeconds: number },
  inbox: Inbox,
  clock: Clock,
  readPage: (cursor: string | undefined) => Promise<ReviewPage>,
): Place<ReviewMark> {
  return {
    id: name,
    async look(mark) {
      const known = new Set(mark?.known);
      const oldestMs = mark === undefined ? clock.now() - firstLookBackMs : Number.NEGATIVE_INFINITY;
      const found = (await newReviews(readPage, known, oldestMs)).map((review) => messageOf(review, clock.now()));
      await inbox.accept(...found);
      const newest = found.map(({ id }) => id).reverse();
      return { mark: { known: [...newest, ...known].slice(0, remembered) }, waitMs: pollSeconds * 1000 };
    },
  };
}

/** Those not known and not older, oldest first. Pages are read as far back as they bring something new. */
async function newReviews(
  readPage: (cursor: string | undefined) => Promise<ReviewPage>,
  known: ReadonlySet<string>,
  oldestMs: number,
): Promise<Review[]> {
  const found = new Map<string, Review>();
  for (let cursor: string | undefined; ; ) {
    const { reviews, next } = await readPage(cursor);
    const wanted = reviews.filter((review) => !known.has(idOf(review)) && review.writtenAt.getTime() >= oldestMs);
    // A page may shift while we read: what was on the one before it is not found twice.
    for (const review of wanted) if (!found.has(idOf(review))) found.set(idOf(review), review);
    if (next === undefined || wanted.length === 0) return [...found.values()].reverse();
    cursor = next;
  }
}

/** In a review's conversation, and nowhere else, is the review's id. */
function reviewConversation(channel: string, account: string, reviewId: string): string {
  return `${channel}:${account}:${reviewId}`;
}

export function reviewIdOf(channel: string, account: string, conversationKey: string): string {
  return conversationKey.slice(reviewConversation(channel, account, '').length);
}

const providerIdOf = ({ reviewId, version }: Review) => `${reviewId}@${version}`;

function idOf(review: Review): string {
  return inboundMessageId(review.channel, review.account, providerIdOf(review));
}

function messageOf(review: Review, nowMs: number): InboundMessage {
  const { channel, account, reviewId, author, stars, title, text, languageHint = '', regionHint = '' } = review;
  const facts = Object.entries(review.attributes).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return InboundMessage.fromPartial({
    id: idOf(review),
    channel,
    account,
    providerMessageId: providerIdOf(review),
    conversationKey: reviewConversation(channel, account, reviewId),
    // A store names nobody for good: of the person only this review is known, and by it they are answered.
    sender: {
      kind: channel,
      address: reviewId,
      displayName: author,
      verification: Verification.VERIFICATION_CHANNEL,
    },
    subject: `${'★'.repeat(stars)}${'☆'.repeat(5 - stars)} ${title}`.trim(),
    text,
    kind: MessageKind.MESSAGE_KIND_POST,
    visibility: Visibility.VISIBILITY_PUBLIC,
    languageHint,
    regionHint,
    providerTime: review.writtenAt,
    receivedTime: new Date(nowMs),
    attributes: { stars: String(stars), ...Object.fromEntries(facts) },
  });
}
