import type { Collection, DocStore, Document } from '@tributary/docstore';
import { PermanentSendError, UncertainSendError } from '@tributary/gateway-kit';

interface ProgressRow extends Document {
  /** The provider's ids of what it accepted so far. */
  readonly accepted: readonly string[];
}

/** One request of several that make up a message. @returns the provider's id. */
export type SendStep = () => Promise<string>;

/**
 * Sends a message that the provider takes in several requests, its text and each of its files. What was accepted is noted, so
 * that a further try goes on where the last one stopped. (A crash in between leaves the message `uncertain` as a whole.)
 */
export async function openSendSteps(docStore: DocStore, channel: string) {
  const rows: Collection<ProgressRow> = await docStore.collection(`send_progress_${channel}`);

  /** @returns the provider's id of the first step. */
  return async (messageId: string, steps: readonly SendStep[]): Promise<string> => {
    if (steps.length === 1) return (await steps[0]?.()) ?? '';
    const accepted = [...((await rows.findOne({ _id: messageId }))?.accepted ?? [])];
    try {
      for (const step of steps.slice(accepted.length)) {
        const id = await step();
        accepted.push(id);
        await rows.updateOne({ _id: messageId }, { $set: { accepted } }, { upsert: true });
      }
    } catch (error) {
      const isFinal = error instanceof PermanentSendError || error instanceof UncertainSendError;
      if (isFinal) await rows.deleteOne({ _id: messageId });
      if (error instanceof PermanentSendError && accepted.length > 0) {
        throw new PermanentSendError(
          `only ${accepted.length} of ${steps.length} parts arrived: ${error.message}`,
          error.code,
        );
      }
      throw error;
    }
    await rows.deleteOne({ _id: messageId });
    return accepted[0] ?? '';
  };
}
