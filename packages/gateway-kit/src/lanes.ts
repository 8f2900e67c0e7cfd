import type { OutboundMessage } from '@tributary/contracts';
import type { OutboundRow } from './outbound-rows.ts';
import { type Bucket, type Rate, takeToken } from './token-bucket.ts';

/** A message that waits to be sent; without its content when too many wait. */
export interface Entry {
  readonly row: OutboundRow;
  readonly message: OutboundMessage | undefined;
  /** When its next try may begin. */
  readonly dueAtMs: number;
}

/** The messages of one conversation that this process looks after, oldest first. One at a time is under way. */
interface Lane {
  readonly conversation: string;
  readonly entries: Entry[];
  underWay: boolean;
}

/** One of our accounts: how much it sends at once and how fast, and until when it rests after a failure of its own. */
interface Account {
  readonly waiting: Set<Lane>;
  underWay: number;
  restsUntilMs: number;
  failures: number;
  readonly rate: Rate | undefined;
  /** What it may send at once, when its rate is limited. */
  bucket: Bucket | undefined;
  /** When its rate allows the next one. */
  nextTokenAtMs: number;
}

/**
 * Which message may be sent next: in order within a conversation, a bounded number at once and a bounded rate per account,
 * accounts and conversations independent of each other. Memory only; what it forgets is still in the store.
 */
export class Lanes {
  readonly #lanes = new Map<string, Lane>();
  readonly #accounts = new Map<string, Account>();
  readonly #concurrency: number;
  readonly #rateOf: (account: string) => Rate | undefined;

  constructor(concurrency: number, rate?: Rate | ((account: string) => Rate)) {
    this.#concurrency = concurrency;
    this.#rateOf = typeof rate === 'function' ? rate : () => rate;
  }

  has(conversation: string): boolean {
    return this.#lanes.has(conversation);
  }

  get size(): number {
    return this.#lanes.size;
  }

  get underWay(): number {
    let sum = 0;
    for (const account of this.#accounts.values()) sum += account.underWay;
    return sum;
  }

  add(entry: Entry): void {
    const { conversationKey, account } = entry.row;
    let lane = this.#lanes.get(conversationKey);
    if (lane === undefined) {
      lane = { conversation: conversationKey, entries: [], underWay: false };
      this.#lanes.set(conversationKey, lane);
    }
    lane.entries.push(entry);
    if (!lane.underWay && lane.entries.length === 1) this.#account(account).waiting.add(lane);
  }

  /** Takes everything that may begin now. Each must be given back with `done`, `again` or `forget`. */
  takeReady(nowMs: number): Entry[] {
    const ready: Entry[] = [];
    for (const account of this.#accounts.values()) {
      if (account.restsUntilMs > nowMs) continue;
      for (const lane of account.waiting) {
        if (account.underWay >= this.#concurrency) break;
        const [head] = lane.entries;
        if (head === undefined || head.dueAtMs > nowMs) continue;
        if (!this.#takeToken(account, nowMs)) break;
        account.waiting.delete(lane);
        account.underWay += 1;
        lane.underWay = true;
        ready.push(head);
      }
    }
    return ready;
  }

  /** When the next of those that wait for a time may begin. */
  nextDueAtMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const account of this.#accounts.values()) {
      if (account.underWay >= this.#concurrency) continue;
      for (const lane of account.waiting) {
        const dueAtMs = Math.max(lane.entries[0]?.dueAtMs ?? 0, account.restsUntilMs, account.nextTokenAtMs);
        if (dueAtMs > nowMs && (next === undefined || dueAtMs < next)) next = dueAtMs;
      }
    }
    return next;
  }

  /** It is finished, one way or another: the next of its conversation may begin. */
  done({ row }: Entry): void {
    this.#release(row, (lane) => lane.entries.shift());
  }

  /** It is to be tried again, not before `dueAtMs`. */
  again(entry: Entry, dueAtMs: number): void {
    this.#release(entry.row, (lane) => {
      lane.entries[0] = { ...entry, dueAtMs };
    });
  }

  /** Somebody else has this conversation. */
  forget({ row }: Entry): void {
    this.#release(row, (lane) => {
      lane.entries.length = 0;
    });
  }

  /** The account itself failed; returns how often in a row. Nothing of it begins before `untilMs(failures)`. */
  rest(name: string, untilMs: (failures: number) => number): void {
    const account = this.#account(name);
    account.restsUntilMs = Math.max(account.restsUntilMs, untilMs(account.failures));
    account.failures += 1;
  }

  works(name: string): void {
    this.#account(name).failures = 0;
  }

  #takeToken(account: Account, nowMs: number): boolean {
    if (account.rate === undefined) return true;
    const { bucket, retryAfterMs } = takeToken(account.bucket, account.rate, nowMs);
    account.bucket = bucket;
    account.nextTokenAtMs = nowMs + retryAfterMs;
    return retryAfterMs === 0;
  }

  #release(row: OutboundRow, change: (lane: Lane) => void): void {
    const lane = this.#lanes.get(row.conversationKey);
    if (lane === undefined) return;
    this.#account(row.account).underWay -= 1;
    lane.underWay = false;
    change(lane);
    const [head] = lane.entries;
    if (head === undefined) this.#lanes.delete(lane.conversation);
    else this.#account(head.row.account).waiting.add(lane);
  }

  #account(name: string): Account {
    let account = this.#accounts.get(name);
    if (account === undefined) {
      const rate = this.#rateOf(name);
      account = {
        waiting: new Set(),
        underWay: 0,
        restsUntilMs: 0,
        failures: 0,
        rate,
        bucket: undefined,
        nextTokenAtMs: 0,
      };
      this.#accounts.set(name, account);
    }
    return account;
  }
}
