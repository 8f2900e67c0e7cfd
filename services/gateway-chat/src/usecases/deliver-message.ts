import type { ChatSession } from '../domain/session.ts';
import type { MessageToVisitor, Sessions, Transcript } from '../ports.ts';

interface Dependencies {
  readonly sessions: Sessions;
  readonly transcript: Transcript;
}

/** Puts a message of ours into its session's transcript, where the visitor's connection finds it. A repeat changes nothing. */
export async function deliverMessage(
  { sessions, transcript }: Dependencies,
  session: ChatSession,
  message: MessageToVisitor,
  nowMs: number,
): Promise<void> {
  const { author, sequence } = await transcript.add({ ...message, atMs: nowMs });
  // A person who answers has read what was there before; nothing in the contracts says so more directly.
  if (author === 'agent') await sessions.raiseMark(session.id, 'agentReadSequence', sequence);
}
