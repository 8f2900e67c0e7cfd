import type { Partition } from './partition.ts';
import type { PartitionReader } from './partition-reader.ts';

/** A consumer as its group sees it. */
interface Member {
  readonly topics: readonly string[];
  /** Begins to read a partition. */
  open(partition: Partition, position: number): PartitionReader;
}

/** A partition within a group: who reads it and who should. */
interface Seat {
  readonly partition: Partition;
  position: number;
  wanted: Member | undefined;
  member: Member | undefined;
  reader: PartitionReader | undefined;
  settling: Promise<void> | undefined;
}

/** Shares the partitions of its topics among its members. A partition never has two. */
export class ConsumerGroup {
  readonly #members: Member[] = [];
  readonly #seats = new Map<Partition, Seat>();
  readonly #partitionsOf: (topic: string) => readonly Partition[];
  readonly #committed: (partition: Partition) => number;

  constructor(partitionsOf: (topic: string) => readonly Partition[], committed: (partition: Partition) => number) {
    this.#partitionsOf = partitionsOf;
    this.#committed = committed;
  }

  get size(): number {
    return this.#members.length;
  }

  /** Partitions move over as soon as the batches in hand have finished. */
  join(member: Member): void {
    this.#members.push(member);
    this.rebalance();
  }

  /** Resolves when the member's batches in hand have finished and its partitions belong to others. */
  async leave(member: Member): Promise<void> {
    const seats = [...this.#seats.values()].filter((seat) => seat.member === member);
    this.#members.splice(this.#members.indexOf(member), 1);
    this.rebalance();
    await Promise.all(seats.map((seat) => seat.settling));
  }

  /** Partition n of a topic goes to the n-th of the members that read the topic. */
  rebalance(): void {
    for (const topic of new Set(this.#members.flatMap((member) => member.topics))) {
      for (const partition of this.#partitionsOf(topic)) this.#ensureSeat(partition);
    }
    for (const seat of this.#seats.values()) {
      const members = this.#members.filter((member) => member.topics.includes(seat.partition.topic));
      seat.wanted = members[seat.partition.number % members.length];
      if (seat.wanted !== seat.member) seat.settling ??= this.#handOver(seat);
    }
  }

  #ensureSeat(partition: Partition): void {
    if (this.#seats.has(partition)) return;
    const position = this.#committed(partition);
    const nobody = { wanted: undefined, member: undefined, reader: undefined, settling: undefined };
    this.#seats.set(partition, { partition, position, ...nobody });
  }

  async #handOver(seat: Seat): Promise<void> {
    // Sets `settling` before it can be cleared.
    await Promise.resolve();
    while (seat.member !== seat.wanted) {
      if (seat.reader !== undefined) {
        await seat.reader.stop();
        seat.position = seat.reader.position;
      }
      seat.member = seat.wanted;
      seat.reader = seat.member?.open(seat.partition, seat.position);
    }
    seat.settling = undefined;
  }
}
