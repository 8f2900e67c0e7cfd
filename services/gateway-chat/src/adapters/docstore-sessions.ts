import type { Collection, DocStore } from '@tributary/docstore';
import type { ChatSession } from '../domain/session.ts';
import type { Sessions } from '../ports.ts';

export interface SessionDocument extends Omit<ChatSession, 'id'> {
  readonly _id: string;
  readonly uploads: number;
  /** When the visitor counts as gone. Absent: they have written nothing since they were, or ever. */
  readonly leavesAtMs?: number;
  readonly leavesLeaseUntilMs?: number;
}

export function openSessionCollection(store: DocStore): Promise<Collection<SessionDocument>> {
  return store.collection('chat_sessions', [{ keys: { leavesAtMs: 1 } }]);
}

/** Sessions in the collection `chat_sessions`. */
export function createDocstoreSessions(collection: Collection<SessionDocument>): Sessions {
  async function find(sessionId: string): Promise<ChatSession | undefined> {
    const found = await collection.findOne({ _id: sessionId });
    return found && toSession(found);
  }

  return {
    find,
    async create({ id, ...fields }) {
      await collection.insertOne({ _id: id, ...fields, uploads: 0 });
    },
    async findAll(sessionIds) {
      return (await collection.find({ _id: { $in: sessionIds } })).map(toSession);
    },
    async change(sessionId, profile) {
      const given = Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined));
      if (Object.keys(given).length === 0) return find(sessionId);
      const changed = await collection.findOneAndUpdate({ _id: sessionId }, { $set: given });
      return changed && toSession(changed);
    },
    async raiseMark(sessionId, mark, sequence) {
      await collection.updateOne({ _id: sessionId }, { $max: { [mark]: sequence } });
    },
    async seen(sessionId, untilMs) {
      await collection.updateOne({ _id: sessionId }, { $max: { leavesAtMs: untilMs } });
    },
    async left(sessionId, atMs) {
      await collection.updateOne({ _id: sessionId, leavesAtMs: atMs }, { $unset: { leavesAtMs: true } });
    },
    async claimUpload(sessionId, max) {
      const { modified } = await collection.updateOne(
        { _id: sessionId, uploads: { $lt: max } },
        { $inc: { uploads: 1 } },
      );
      return modified === 1;
    },
    async returnUpload(sessionId) {
      await collection.updateOne({ _id: sessionId }, { $inc: { uploads: -1 } });
    },
  };
}

function toSession({ _id, uploads: _, leavesLeaseUntilMs: _l, ...fields }: SessionDocument): ChatSession {
  return { id: _id, ...fields };
}
