import { backOffMs, type Clock, delay } from '@tributary/runtime';
import { LogRefusedError, type NewRecord } from '../port.ts';

interface CoalescerOptions {
  readonly clock: Clock;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** How long an append may take before its caller gets an error. */
  readonly timeoutMs: number;
  /**
   * Sends records in one request; resolves when all are acknowledged. Rejects with LogRefusedError when the log will never
   * take them, with anything else when trying again may help.
   */
  send(records: readonly NewRecord[]): Promise<void>;
}

interface Append {
  /** Records not yet acknowledged. */
  left: number;
  readonly deadlineMs: number;
  /** Resolved or rejected: what is left of it is not sent any more. */
  settled: boolean;
  resolve(): void;
  reject(error: Error): void;
}

interface Pending {
  readonly record: NewRecord;
  readonly bytes: number;
  readonly append: Append;
}

/**
 * Gathers concurrent appends into requests, with one request in flight: what comes while it is on its way waits for the
 * next. A failed request is repeated before anything later is sent, so records keep the order of the calls.
 */
export class Coalescer {
  readonly #options: CoalescerOptions;
  readonly #queue: Pending[] = [];
  readonly #appends = new Set<Append>();
  #working: Promise<void> | undefined;
  #deadline: Disposable | undefined;
  #problem: string | undefined;

  constructor(options: CoalescerOptions) {
    this.#options = options;
  }

  /** Why the last request failed, until one succeeds. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when all records are acknowledged. */
  append(records: readonly NewRecord[]): Promise<void> {
    if (records.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const deadlineMs = this.#options.clock.now() + this.#options.timeoutMs;
      const append = { left: records.length, deadlineMs, settled: false, resolve, reject };
      this.#appends.add(append);
      for (const record of records) this.#queue.push({ record, bytes: sizeOf(record), append });
      this.#watchDeadlines();
      this.#working ??= this.#work();
    });
  }

  /** Resolves when nothing is waiting or in flight. */
  async drained(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  async #work(): Promise<void> {
    // After the I/O of this turn, so that everyone who appends in it shares the request.
    await new Promise((resolve) => setImmediate(resolve));
    for (let request = this.#take(); request.length > 0; request = this.#take()) await this.#sendUntilDone(request);
    this.#working = undefined;
  }

  /** The next records that fit in a request; at least one. */
  #take(): Pending[] {
    const { maxRecords, maxBytes } = this.#options;
    const request: Pending[] = [];
    let bytes = 0;
    let taken = 0;
    for (const pending of this.#queue) {
      if (!pending.append.settled) {
        bytes += pending.bytes;
        if (request.length === maxRecords || (bytes > maxBytes && request.length > 0)) break;
        request.push(pending);
      }
      taken++;
    }
    this.#queue.splice(0, taken);
    return request;
  }

  async #sendUntilDone(request: readonly Pending[]): Promise<void> {
    let waiting = request;
    for (let attempt = 0; waiting.length > 0; attempt++) {
      try {
        await this.#options.send(waiting.map(({ record }) => record));
        this.#problem = undefined;
        for (const { append } of waiting) if (--append.left === 0) this.#settle(append, undefined);
        return;
      } catch (error) {
        if (error instanceof LogRefusedError) return this.#sortOut(waiting, error);
        this.#problem = `cannot append: ${(error as Error).message}`;
        await delay(this.#options.clock, backOffMs(attempt, { baseMs: 50, maxMs: 1000 }));
        waiting = waiting.filter(({ append }) => !append.settled);
      }
    }
  }

  /** One record of a request is refused: sent one by one the others get through, in order. */
  async #sortOut(request: readonly Pending[], refusal: LogRefusedError): Promise<void> {
    if (request.length > 1) for (const pending of request) await this.#sendUntilDone([pending]);
    else for (const { append } of request) this.#settle(append, refusal);
  }

  #settle(append: Append, error: Error | undefined): void {
    if (append.settled) return;
    append.settled = true;
    this.#appends.delete(append);
    if (error === undefined) append.resolve();
    else append.reject(error);
    if (this.#appends.size > 0) return;
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = undefined;
  }

  /** One timer for all appends, at the earliest deadline: they come in the order of their deadlines. */
  #watchDeadlines(): void {
    const [oldest] = this.#appends;
    if (this.#deadline !== undefined || oldest === undefined) return;
    const { clock, timeoutMs } = this.#options;
    this.#deadline = clock.setTimer(oldest.deadlineMs - clock.now(), () => {
      this.#deadline = undefined;
      for (const append of this.#appends) {
        if (append.deadlineMs > clock.now()) break;
        this.#settle(
          append,
          new Error(`the log has not acknowledged within ${timeoutMs} ms; ${this.#problem ?? 'it is slow'}`),
        );
      }
      this.#watchDeadlines();
    });
  }
}

/** What Kafka's record format adds to a record at most, roughly. */
const framingBytes = 40;

function sizeOf({ key, value, headers }: NewRecord): number {
  let bytes = framingBytes + value.byteLength + Buffer.byteLength(key);
  for (const name in headers) bytes += 4 + Buffer.byteLength(name) + Buffer.byteLength(headers[name] as string);
  return bytes;
}
