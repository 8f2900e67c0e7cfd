import { backOffMs, type Clock, delay, type Logger } from '@tributary/runtime';
import type { Batch } from './port.ts';

/** What keeps a consumer from going on, by partition. */
export type Problems = Map<string, string>;

/** A batch that its handler has been given and not given back. */
export interface InHand {
  /** Group, topic, partition and offset, in words. */
  readonly what: string;
  /** When the running attempt began, in ms since the epoch. */
  readonly sinceMs: number;
}

interface HandlingContext {
  readonly clock: Clock;
  readonly logger: Logger | undefined;
  readonly problems: Problems;
  /** Where running attempts are noted, so that one that never ends is seen. */
  readonly inHand: Set<InHand>;
  readonly group: string;
}

/**
 * Gives a batch to its handler until it succeeds, with back-off, for as long as it takes.
 * @returns true when the effect is stored, false when the partition was taken away or the consumer stops before that.
 */
export async function handleUntilDone(
  batch: Batch,
  handle: (batch: Batch) => Promise<void>,
  { clock, logger, problems, inHand, group }: HandlingContext,
): Promise<boolean> {
  const place = `${batch.topic}/${batch.partition}`;
  const what = `${group} handles ${place} from offset ${batch.records[0]?.offset}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await noted(inHand, { what, sinceMs: clock.now() }, () => handle(batch));
      problems.delete(place);
      return true;
    } catch (error) {
      if (!batch.signal.aborted) {
        const reason = error instanceof Error ? error.message : String(error);
        problems.set(place, `${place} waits at offset ${batch.records[0]?.offset}: ${reason}`);
        logger?.warn(
          { err: error, topic: batch.topic, partition: batch.partition, attempt },
          'batch failed, will retry',
        );
        await delay(clock, backOffMs(attempt, { baseMs: 100, maxMs: 10_000 }), batch.signal);
      }
      if (batch.signal.aborted) {
        problems.delete(place);
        return false;
      }
    }
  }
}

async function noted(inHand: Set<InHand>, attempt: InHand, work: () => Promise<void>): Promise<void> {
  inHand.add(attempt);
  try {
    await work();
  } finally {
    inHand.delete(attempt);
  }
}
