import { randomUUID } from 'node:crypto';
import { type Collection, type DocStore, type Document, DuplicateKeyError } from '@tributary/docstore';
import { type Clock, delay } from '@tributary/runtime';

/** The access token of one account, as all replicas share it. */
interface TokenRow extends Document {
  /** Empty before the first. */
  readonly token: string;
  readonly expiresAtMs: number;
  /** Who fetches a new one, and until when the others wait for it. */
  readonly owner: string;
  readonly leaseUntilMs: number;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
}

export interface AccessTokens {
  /**
   * A token that should work.
   * @param refused One that WeChat did not take: it is replaced, once for all replicas.
   */
  get(refused?: string): Promise<string>;
}

const leaseMs = 15_000;
const lookAgainMs = 200;
/** WeChat renews five minutes before the end, and both work for that while (see `stable_token`). */
const marginMs = 4 * 60_000;

/**
 * One row per account: whoever finds its token expired or refused takes the lease and asks WeChat, the others wait for what
 * it gets.
 * @param issue Asks WeChat. `force` makes a new token although the old one should still work (20 times a day at most).
 */
export async function openAccessTokens(
  docStore: DocStore,
  appId: string,
  clock: Clock,
  issue: (force: boolean) => Promise<IssuedToken>,
): Promise<AccessTokens> {
  const rows: Collection<TokenRow> = await docStore.collection('wechat_tokens');
  const owner = randomUUID();
  /** What the row said last, so that most calls need not read it. */
  let known: Pick<TokenRow, 'token' | 'expiresAtMs'> | undefined;
  let refreshing: Promise<string> | undefined;

  const isGood = (row: typeof known, refused: string | undefined) =>
    row !== undefined && row.token !== '' && row.token !== refused && row.expiresAtMs > clock.now();

  async function refresh(refused: string | undefined): Promise<string> {
    for (;;) {
      known = await rows.findOne({ _id: appId });
      if (known !== undefined && isGood(known, refused)) return known.token;
      if (await takeLease()) return fetchToken(refused);
      await delay(clock, lookAgainMs);
    }
  }

  async function takeLease(): Promise<boolean> {
    const nowMs = clock.now();
    try {
      const row = await rows.findOneAndUpdate(
        { _id: appId, leaseUntilMs: { $lte: nowMs } },
        { $set: { owner, leaseUntilMs: nowMs + leaseMs }, $setOnInsert: { token: '', expiresAtMs: 0 } },
        { upsert: true },
      );
      return row?.owner === owner;
    } catch (error) {
      if (error instanceof DuplicateKeyError) return false;
      throw error;
    }
  }

  async function fetchToken(refused: string | undefined): Promise<string> {
    try {
      // It may have been refreshed between our look and the lease.
      const row = await rows.findOne({ _id: appId });
      if (row !== undefined && isGood(row, refused)) return row.token;
      let issued = await issue(false);
      // The same again: WeChat itself no longer takes what it holds to be valid.
      if (issued.token === refused) issued = await issue(true);
      known = {
        token: issued.token,
        expiresAtMs: clock.now() + Math.max(0, issued.expiresInSeconds * 1000 - marginMs),
      };
      await rows.updateOne({ _id: appId, owner }, { $set: known });
      return issued.token;
    } finally {
      await rows.updateOne({ _id: appId, owner }, { $set: { leaseUntilMs: 0 } });
    }
  }

  return {
    async get(refused) {
      if (known !== undefined && isGood(known, refused)) return known.token;
      refreshing ??= refresh(refused).finally(() => {
        refreshing = undefined;
      });
      return refreshing;
    },
  };
}
