import { backOffMs, type Clock, delay, type Logger } from '@tributary/runtime';
import type { Batch } from './port.ts';

/** What keeps a consumer from going on, by partition. */
export type Problems = Map<string, string>;

/**
 * Gives a batch to its handler until it succeeds, with back-off, for as long as it takes.
 * @returns true when the effect is stored, false when the partition was taken away or the consumer stops before that.
 */
export async function handleUntilDone(
  batch: Batch,
  handle: (batch: Batch) => Promise<void>,
  { clock, logger, problems }: { clock: Clock; logger: Logger | undefined; problems: Problems },
): Promise<boolean> {
  const place = `${batch.topic}/${batch.partition}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await handle(batch);
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
