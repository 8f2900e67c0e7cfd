import type { Clock } from '@tributary/runtime';

/** Too much waits for the log already. Nothing was taken: come again. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly retryAfterMs: number;

  constructor(reason: string, retryAfterMs: number) {
    super(`overloaded: ${reason}`);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * An append that waits longer than this says that the log is slower than what comes in. What were still let in would wait in
 * vain: the shortest time-out of a provider is 5 s (WeChat).
 */
const maxWaitMs = 4000;
/** Of requests in hand. More than a log that keeps up ever leaves waiting, and little beside a process's memory. */
const maxBytesInHand = 64 * 1024 * 1024;
/** What the smallest request costs in memory, roughly, with its connection and parsed form. */
const leastBytes = 16 * 1024;
const retryAfterMs = 5000;

/**
 * Decides at the door whether one more request is let in, so that a gateway that is given more than its log takes neither
 * grows without end nor makes everyone wait beyond their patience. Whoever fetches one batch after the other (a mailbox, a
 * poll) is slowed down by the wait for the log itself and needs no admission.
 */
export class Admission {
  readonly #clock: Clock;
  /** When the appends under way began, oldest first. */
  readonly #appends = new Map<symbol, number>();
  #bytesInHand = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Lets a request in until what is returned is disposed.
   * @param bytes How large it is or may become.
   * @throws OverloadedError
   */
  admit(bytes: number): Disposable {
    const [oldestMs = Number.POSITIVE_INFINITY] = this.#appends.values();
    const waitedMs = this.#clock.now() - oldestMs;
    if (waitedMs > maxWaitMs) throw new OverloadedError(`the log has not answered for ${waitedMs} ms`, retryAfterMs);
    const cost = Math.max(bytes, leastBytes);
    // One that is larger than everything allowed is let in when it is alone.
    if (this.#bytesInHand > 0 && this.#bytesInHand + cost > maxBytesInHand) {
      throw new OverloadedError(`requests in hand hold ${this.#bytesInHand} bytes`, retryAfterMs);
    }
    this.#bytesInHand += cost;
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#bytesInHand -= cost;
      },
    };
  }

  /** Counts an append as waiting until it has settled. */
  async during(append: () => Promise<void>): Promise<void> {
    const key = Symbol();
    this.#appends.set(key, this.#clock.now());
    try {
      await append();
    } finally {
      this.#appends.delete(key);
    }
  }
}
