import type { ChatSession } from '../domain/session.ts';
import type { ChatEvents, Sessions, Transcript } from '../ports.ts';

interface Dependencies {
  readonly sessions: Sessions;
  readonly transcript: Transcript;
  readonly events: ChatEvents;
}

/**
 * Notes that the visitor's device has, or the visitor has seen, everything up to `sequence`, and publishes it for each
 * message of ours that this is new for. The events go first: after a crash in between, the device says it again, and the events with
 * it, under the same ids.
 */
export async function markProgress(
  { sessions, transcript, events }: Dependencies,
  sessionId: string,
  progress: 'delivered' | 'read',
  sequence: number,
): Promise<void> {
  const session = await sessions.find(sessionId);
  if (session === undefined) return;
  const before = lastMarked(session, progress);
  if (sequence <= before) return;
  const messages = await transcript.writtenByUs(sessionId, before, sequence);
  await events.progressed(messages, progress);
  await sessions.raiseMark(sessionId, progress === 'read' ? 'readSequence' : 'deliveredSequence', sequence);
}

/** Who has seen a message also has it. */
function lastMarked(session: ChatSession, progress: 'delivered' | 'read'): number {
  return progress === 'read' ? session.readSequence : Math.max(session.deliveredSequence, session.readSequence);
}
