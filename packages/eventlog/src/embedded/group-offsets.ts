import type { LogFile } from './log-file.ts';
import type { Partition } from './partition.ts';

/** How long a committed offset may wait for others, so that they share a transaction. */
const flushAfterMs = 50;

/** What groups have handled: at once in memory, soon afterwards in the file. */
export class GroupOffsets {
  readonly #file: LogFile;
  /** Not yet in the file. */
  #pending = new Map<string, Map<Partition, number>>();
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;

  constructor(file: LogFile) {
    this.#file = file;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  /** What the group handles next, by partition id. */
  of(group: string): Map<number, number> {
    const offsets = this.#file.groupOffsets(group);
    for (const [partition, nextOffset] of this.#pending.get(group) ?? []) offsets.set(partition.id, nextOffset);
    return offsets;
  }

  set(group: string, partition: Partition, nextOffset: number): void {
    let offsets = this.#pending.get(group);
    if (offsets === undefined) {
      offsets = new Map();
      this.#pending.set(group, offsets);
    }
    offsets.set(partition, nextOffset);
    this.#timer ??= setTimeout(() => this.flush(), flushAfterMs);
  }

  /** Writes what is pending. What cannot be written is tried again. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.size === 0) return;
    const offsets = [...this.#pending].flatMap(([group, partitions]) =>
      [...partitions].map(([partition, nextOffset]) => ({ group, partition, nextOffset })),
    );
    try {
      this.#file.commitGroupOffsets(offsets);
      this.#pending = new Map();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `cannot commit offsets: ${(error as Error).message}`;
      this.#timer = setTimeout(() => this.flush(), flushAfterMs * 20);
    }
  }

  /** Writes what is pending, for the last time. */
  close(): void {
    this.flush();
    clearTimeout(this.#timer);
  }
}
