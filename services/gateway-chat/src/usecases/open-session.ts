import { cleanLine } from '../domain/clean-text.ts';
import type { ChatSession, Profile } from '../domain/session.ts';
import type { Sessions } from '../ports.ts';

/** Begins a chat. */
export async function openSession(
  sessions: Sessions,
  { id, site, profile, nowMs }: { id: string; site: string; profile: Profile; nowMs: number },
): Promise<ChatSession> {
  const session: ChatSession = {
    id,
    site,
    name: '',
    email: '',
    language: '',
    ...cleanProfile(profile),
    createdAtMs: nowMs,
    deliveredSequence: 0,
    readSequence: 0,
    agentReadSequence: 0,
  };
  await sessions.create(session);
  return session;
}

/** What of a profile was given, as we keep it. */
export function cleanProfile({ name, email, language }: Profile): { name?: string; email?: string; language?: string } {
  return {
    ...(name !== undefined && { name: cleanLine(name) }),
    ...(email !== undefined && { email: cleanLine(email).toLowerCase() }),
    ...(language !== undefined && { language }),
  };
}
