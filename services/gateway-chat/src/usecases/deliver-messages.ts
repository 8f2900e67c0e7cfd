import type { ChatSession } from '../domain/session.ts';
import type { TranscriptMessage } from '../domain/transcript.ts';
import type { ChatEvents, MessageToVisitor, Sessions, Transcript } from '../ports.ts';

interface Dependencies {
  readonly sessions: Sessions;
  readonly transcript: Transcript;
  readonly events: ChatEvents;
}

/**
 * Puts messages of ours into their session's transcript and publishes that they are sent: whoever serves a connection of
 * that session reads that and sends them on. A repeat changes nothing and publishes the same events again.
 * @param messages Of one session, in order.
 */
export async function deliverMessages(
  { sessions, transcript, events }: Dependencies,
  session: ChatSession,
  messages: readonly MessageToVisitor[],
  nowMs: number,
): Promise<void> {
  const stored: TranscriptMessage[] = [];
  for (const message of messages) {
    stored.push(await transcript.add({ ...message, atMs: nowMs }));
  }
  // A person who answers has read what was there before; nothing in the contracts says so more directly.
  const answered = stored.filter((message) => message.author === 'agent').at(-1);
  if (answered !== undefined) await sessions.raiseMark(session.id, 'agentReadSequence', answered.sequence);
  await events.progressed(session, stored, 'sent');
}
