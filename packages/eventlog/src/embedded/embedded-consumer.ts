import type { Consumer } from '../port.ts';

/** What `consume` and `tail` hand out: ends once, in order or by a fault. */
export class EmbeddedConsumer implements Consumer {
  readonly done: Promise<void>;
  readonly #end = Promise.withResolvers<void>();
  readonly #release: () => Promise<void>;
  readonly #problems: () => readonly string[];
  #stopping: Promise<void> | undefined;
  #fault: unknown;

  /** @param release Lets what is in hand finish and frees the partitions. */
  constructor(release: () => Promise<void>, problems: () => readonly string[]) {
    this.#release = release;
    this.#problems = problems;
    this.done = this.#end.promise;
  }

  problems(): readonly string[] {
    return this.#fault === undefined ? this.#problems() : [`consumer ended: ${this.#fault}`];
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#release().then(() => this.#end.resolve());
    return this.#stopping;
  }

  /** A fault that it cannot recover from. */
  fail(error: unknown): void {
    if (this.#fault !== undefined) return;
    this.#fault = error;
    this.#end.reject(error);
    this.#stopping ??= this.#release();
  }
}
