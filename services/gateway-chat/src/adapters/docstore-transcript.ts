import { type Collection, type DocStore, DuplicateKeyError } from '@tributary/docstore';
import type { TranscriptMessage } from '../domain/transcript.ts';
import type { Transcript } from '../ports.ts';

interface MessageDocument extends Omit<TranscriptMessage, 'id'> {
  readonly _id: string;
}

/** Most sessions one repair takes; the next one takes the rest. */
const repairBatch = 100;

/**
 * Transcripts in the collection `chat_messages`. The insert itself takes the next sequence: the unique key (sessionId,
 * sequence) lets one writer have it and sends the others to the one after. A counter beside the messages would leave a gap
 * when the writer dies between counting and inserting, and would show message n before n − 1.
 */
export async function openDocstoreTranscript(store: DocStore): Promise<Transcript> {
  const collection: Collection<MessageDocument> = await store.collection('chat_messages', [
    { keys: { sessionId: 1, sequence: 1 }, unique: true },
    { keys: { pendingSinceMs: 1, sessionId: 1 } },
  ]);

  async function lastSequence(sessionId: string): Promise<number> {
    const last = await collection.findOne({ sessionId }, { sort: { sequence: -1 }, projection: { sequence: 1 } });
    return last?.sequence ?? 0;
  }

  return {
    lastSequence,
    async add({ id, ...fields }) {
      for (;;) {
        const document: MessageDocument = { _id: id, ...fields, sequence: (await lastSequence(fields.sessionId)) + 1 };
        try {
          await collection.insertOne(document);
          return toMessage(document);
        } catch (error) {
          if (!(error instanceof DuplicateKeyError)) throw error;
          // Either the message is there already, or another one took the sequence: then try for the next.
          const existing = await collection.findOne({ _id: id });
          if (existing !== undefined) return toMessage(existing);
        }
      }
    },
    async after(sessionId, sequence, limit) {
      const found = await collection.find({ sessionId, sequence: { $gt: sequence } }, { sort: { sequence: 1 }, limit });
      return found.map(toMessage);
    },
    async at(sessionId, sequence) {
      const found = await collection.findOne({ sessionId, sequence });
      return found && toMessage(found);
    },
    async pending(sessionId) {
      const found = await collection.find({ pendingSinceMs: { $gt: 0 }, sessionId }, { sort: { sequence: 1 } });
      return found.map(toMessage);
    },
    async sessionsPendingSince(beforeMs) {
      const found = await collection.find(
        { pendingSinceMs: { $gt: 0, $lte: beforeMs } },
        { sort: { pendingSinceMs: 1 }, limit: repairBatch, projection: { sessionId: 1 } },
      );
      return [...new Set(found.map((message) => message.sessionId))];
    },
    async markInLog(messageIds) {
      await collection.bulkWrite(
        messageIds.map((_id) => ({ updateOne: { filter: { _id }, update: { $unset: { pendingSinceMs: true } } } })),
      );
    },
    async writtenByUs(sessionId, after, upTo) {
      const found = await collection.find(
        { sessionId, sequence: { $gt: after, $lte: upTo }, author: { $ne: 'customer' } },
        { sort: { sequence: 1 } },
      );
      return found.map(toMessage);
    },
  };
}

function toMessage({ _id, ...fields }: MessageDocument): TranscriptMessage {
  return { id: _id, ...fields };
}
