import type { ChatSession } from '../domain/session.ts';
import type { ChatEvents, Sessions, Transcript } from '../ports.ts';

/**
 * Brings everything of a session that is in the transcript but perhaps not in the log into the log, in the transcript's
 * order. Two replicas doing it at once append the same ids twice, which every reader of the log drops.
 */
export async function settlePending(
  { transcript, events }: { readonly transcript: Transcript; readonly events: ChatEvents },
  session: ChatSession,
): Promise<void> {
  const pending = await transcript.pending(session.id);
  if (pending.length === 0) return;
  await events.received(session, pending);
  await transcript.markInLog(pending.map((message) => message.id));
}

/**
 * Repairs what a crash left: messages stored `beforeMs` or earlier whose client has not come back to repeat them. They
 * were never acknowledged, but the visitor did write them.
 */
export async function settleForgotten(
  {
    sessions,
    transcript,
    events,
  }: { readonly sessions: Sessions; readonly transcript: Transcript; readonly events: ChatEvents },
  beforeMs: number,
): Promise<void> {
  for (const sessionId of await transcript.sessionsPendingSince(beforeMs)) {
    const session = await sessions.find(sessionId);
    if (session !== undefined) await settlePending({ transcript, events }, session);
  }
}
