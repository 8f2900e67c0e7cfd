import type { LogRecord } from '../port.ts';
import type { Partition } from './partition.ts';

interface ReaderOptions {
  readonly partition: Partition;
  /** The offset to begin at. */
  readonly position: number;
  read(partition: Partition, offset: number): readonly LogRecord[];
  /** Resolves false when the records were not handled because `signal` aborted. */
  take(records: readonly LogRecord[], signal: AbortSignal): Promise<boolean>;
  /** Reading or taking threw: the reader has ended. */
  fail(error: unknown): void;
}

/** Follows one partition: takes what is there, batch by batch, then waits to be woken. */
export class PartitionReader {
  readonly #options: ReaderOptions;
  readonly #abort = new AbortController();
  #position: number;
  #work: Promise<void> | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#position = options.position;
    options.partition.readers.add(this);
    this.wake();
  }

  /** What comes next. */
  get position(): number {
    return this.#position;
  }

  wake(): void {
    if (this.#work !== undefined || this.#abort.signal.aborted) return;
    if (this.#position < this.#options.partition.durableOffset) this.#work = this.#run();
  }

  /** Lets the batch in hand finish. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#options.partition.readers.delete(this);
    await this.#work;
  }

  async #run(): Promise<void> {
    const { partition, read, take, fail } = this.#options;
    const { signal } = this.#abort;
    // Whoever appended gets its acknowledgement before the work begins; and `#work` is set before it can be cleared.
    await Promise.resolve();
    try {
      while (!signal.aborted) {
        const records = read(partition, this.#position);
        const last = records.at(-1);
        if (last === undefined || !(await take(records, signal))) break;
        this.#position = last.offset + 1;
      }
    } catch (error) {
      this.#abort.abort();
      partition.readers.delete(this);
      fail(error);
    }
    this.#work = undefined;
  }
}
