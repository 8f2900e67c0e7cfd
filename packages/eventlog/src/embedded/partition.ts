import type { LogRecord } from '../port.ts';

/** Records of one commit, kept in memory for those who wait for them. */
interface Chunk {
  readonly firstOffset: number;
  readonly records: readonly LogRecord[];
}

/** One partition as this process knows it. */
export class Partition {
  /** The offset that the next record gets. Offsets are dense. */
  nextOffset = 0;
  /** Records before this one are durable: only they are read. */
  durableOffset = 0;
  /** Woken by an append. */
  readonly readers = new Set<{ wake(): void }>();
  /** The newest records without a gap up to `nextOffset`, so that a reader that keeps up never asks the database. */
  #recent: Chunk[] = [];

  readonly id: number;
  readonly topic: string;
  readonly number: number;

  constructor(id: number, topic: string, number: number) {
    this.id = id;
    this.topic = topic;
    this.number = number;
  }

  remember(records: readonly LogRecord[]): Chunk {
    const chunk = { firstOffset: (records[0] as LogRecord).offset, records };
    this.#recent.push(chunk);
    return chunk;
  }

  forget(chunk: Chunk): void {
    if (this.#recent[0] === chunk) this.#recent.shift();
  }

  /** After an append of another process the remembered records have a gap. */
  forgetAll(): void {
    this.#recent = [];
  }

  /** Remembered records from `offset` on, or undefined when they do not reach back that far. */
  recall(offset: number, limit: number): readonly LogRecord[] | undefined {
    let index = this.#recent.length - 1;
    while (index >= 0 && (this.#recent[index] as Chunk).firstOffset > offset) index--;
    const chunk = this.#recent[index];
    if (chunk === undefined) return undefined;
    const found = chunk.records.slice(offset - chunk.firstOffset, offset - chunk.firstOffset + limit);
    while (found.length < limit && ++index < this.#recent.length)
      found.push(...(this.#recent[index] as Chunk).records.slice(0, limit - found.length));
    return found;
  }

  wakeReaders(): void {
    for (const reader of this.readers) reader.wake();
  }
}

/** Bounds what all partitions together remember: the oldest commit is forgotten first. */
export class RecentRecords {
  readonly #chunks: { readonly partition: Partition; readonly chunk: Chunk; readonly bytes: number }[] = [];
  #bytes = 0;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(partition: Partition, records: readonly LogRecord[]): void {
    let bytes = 0;
    for (const record of records) bytes += record.value.byteLength + overheadBytes;
    this.#chunks.push({ partition, chunk: partition.remember(records), bytes });
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#chunks.shift();
      if (oldest === undefined) return;
      oldest.partition.forget(oldest.chunk);
      this.#bytes -= oldest.bytes;
    }
  }
}

/** Roughly what key, headers and the object itself take. */
const overheadBytes = 700;
