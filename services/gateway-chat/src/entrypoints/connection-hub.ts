import { ChatRefusal } from '../domain/refusal.ts';

/** A connection as the hub knows it. */
export interface HubConnection {
  readonly address: string;
  /** There may be something new in the session's transcript or marks. */
  wake(): void;
  showTyping(active: boolean, authorName: string): void;
  /** Finishes what is in hand and closes. Resolves when nothing runs any more. */
  close(): Promise<void>;
}

/** The connections of this process, by session and by address. */
export interface ConnectionHub {
  /** @throws ChatRefusal when the address has too many. */
  add(connection: HubConnection): void;
  /** @throws ChatRefusal when the session has too many. */
  join(sessionId: string, connection: HubConnection): void;
  remove(connection: HubConnection): void;
  ofSession(sessionId: string): Iterable<HubConnection>;
  /** Refuses new connections and closes all. */
  close(): Promise<void>;
}

export function createConnectionHub(limits: {
  readonly connectionsPerSession: number;
  readonly connectionsPerAddress: number;
}): ConnectionHub {
  const all = new Set<HubConnection>();
  const byAddress = new Map<string, number>();
  const bySession = new Map<string, Set<HubConnection>>();
  const sessionOf = new Map<HubConnection, string>();
  let closing = false;
  return {
    add(connection) {
      if (closing) throw new ChatRefusal('unavailable', 'this server is about to stop; connect again');
      const count = byAddress.get(connection.address) ?? 0;
      if (count >= limits.connectionsPerAddress) {
        throw tooMany('this address', limits.connectionsPerAddress);
      }
      byAddress.set(connection.address, count + 1);
      all.add(connection);
    },
    join(sessionId, connection) {
      const members = bySession.get(sessionId) ?? new Set();
      if (members.size >= limits.connectionsPerSession) throw tooMany('this chat', limits.connectionsPerSession);
      members.add(connection);
      bySession.set(sessionId, members);
      sessionOf.set(connection, sessionId);
    },
    remove(connection) {
      if (!all.delete(connection)) return;
      const count = byAddress.get(connection.address) ?? 0;
      if (count > 1) byAddress.set(connection.address, count - 1);
      else byAddress.delete(connection.address);
      const sessionId = sessionOf.get(connection);
      if (sessionId === undefined) return;
      sessionOf.delete(connection);
      const members = bySession.get(sessionId);
      members?.delete(connection);
      if (members?.size === 0) bySession.delete(sessionId);
    },
    ofSession: (sessionId) => bySession.get(sessionId) ?? [],
    async close() {
      closing = true;
      await Promise.all([...all].map((connection) => connection.close()));
    },
  };
}

function tooMany(whose: string, limit: number): ChatRefusal {
  return new ChatRefusal('too_many_connections', `at most ${limit} connections of ${whose}`, { limit });
}
