import { randomUUID } from 'node:crypto';
import { type Collection, type DocStore, type Document, DuplicateKeyError } from '@tributary/docstore';
import type { Clock } from '@tributary/runtime';

/** Who asks Telegram for a bot's updates. */
interface LeaseRow extends Document {
  readonly owner: string;
  readonly untilMs: number;
}

export interface PollerLease {
  /** True when it is ours for another while. */
  take(): Promise<boolean>;
  /** Lets another replica begin at once. */
  give(): Promise<void>;
}

/** Renewed by whoever polls, every third of it; a replica that died is replaced after it. */
export const leaseMs = 30_000;

/** One process polls a bot, for Telegram answers a second one with 409. */
export async function openPollerLease(docStore: DocStore, botId: number, clock: Clock): Promise<PollerLease> {
  const rows: Collection<LeaseRow> = await docStore.collection('telegram_pollers');
  const owner = randomUUID();
  const id = String(botId);
  return {
    async take() {
      const nowMs = clock.now();
      try {
        const row = await rows.findOneAndUpdate(
          { _id: id, $or: [{ owner }, { untilMs: { $lte: nowMs } }] },
          { $set: { owner, untilMs: nowMs + leaseMs } },
          { upsert: true },
        );
        return row?.owner === owner;
      } catch (error) {
        // The row exists and is another's.
        if (error instanceof DuplicateKeyError) return false;
        throw error;
      }
    },
    async give() {
      await rows.updateOne({ _id: id, owner }, { $set: { untilMs: 0 } });
    },
  };
}
