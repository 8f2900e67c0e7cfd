/** One visitor's chat: everything written between them and us, on however many tabs and replicas. */
export interface ChatSession {
  readonly id: string;
  /** The web site it came from, as configured. */
  readonly site: string;
  /** As the visitor gave it; nothing confirms it. Empty when not given. */
  readonly name: string;
  /** As the visitor gave it; nothing confirms it. Empty when not given. */
  readonly email: string;
  /** BCP 47. Empty when not given. */
  readonly language: string;
  readonly createdAtMs: number;
  /** Up to here the visitor's device has what we wrote. */
  readonly deliveredSequence: number;
  /** Up to here the visitor has seen what we wrote. */
  readonly readSequence: number;
  /** Up to here a person on our side has seen what the visitor wrote. */
  readonly agentReadSequence: number;
  /** When the visitor counts as gone unless they are seen again. Absent: nobody waits for it. */
  readonly leavesAtMs?: number;
}

/** What a visitor may say about themselves. What is absent stays as it was. */
export interface Profile {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly language?: string | undefined;
}

/** How far each side has got with the transcript. */
export interface Marks {
  readonly deliveredSequence: number;
  readonly readSequence: number;
  readonly agentReadSequence: number;
}

export function marksOf({ deliveredSequence, readSequence, agentReadSequence }: Marks): Marks {
  return { deliveredSequence, readSequence, agentReadSequence };
}

export function sameMarks(a: Marks, b: Marks): boolean {
  return (
    a.deliveredSequence === b.deliveredSequence &&
    a.readSequence === b.readSequence &&
    a.agentReadSequence === b.agentReadSequence
  );
}

const prefix = 'chat:';

/** The conversation key of a session's messages. */
export function conversationKeyOf(sessionId: string): string {
  return `${prefix}${sessionId}`;
}

/** The session a conversation key names, or undefined when it is not a chat's. */
export function sessionIdOf(conversationKey: string): string | undefined {
  return conversationKey.startsWith(prefix) && conversationKey.length > prefix.length
    ? conversationKey.slice(prefix.length)
    : undefined;
}
