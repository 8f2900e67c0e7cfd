import { randomBytes } from 'node:crypto';
import { type Collection, type DocStore, DuplicateKeyError } from '@tributary/docstore';
import type { Clock } from '@tributary/runtime';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { SessionTokens } from '../ports.ts';

const algorithm = 'HS256';
const audience = 'tributary-chat';
const dayMs = 24 * 60 * 60 * 1000;

/** Session tokens as JWTs signed with HMAC-SHA-256; the subject is the session id. */
export function joseSessionTokens(key: Uint8Array, lifeDays: number, clock: Clock): SessionTokens {
  return {
    async issue(sessionId) {
      const expiresAtMs = clock.now() + lifeDays * dayMs;
      const token = await new SignJWT()
        .setProtectedHeader({ alg: algorithm })
        .setSubject(sessionId)
        .setAudience(audience)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(expiresAtMs / 1000))
        .sign(key);
      return { token, expiresAtMs };
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [algorithm],
          audience,
          currentDate: new Date(clock.now()),
        });
        return payload.sub;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** The key all replicas share: made by the first one that starts, kept in the collection `chat_keys`. */
export async function sharedTokenKey(store: DocStore): Promise<Uint8Array> {
  const collection: Collection<{ readonly _id: string; readonly key: string }> = await store.collection('chat_keys');
  const id = 'session-token';
  try {
    await collection.insertOne({ _id: id, key: randomBytes(32).toString('base64') });
  } catch (error) {
    if (!(error instanceof DuplicateKeyError)) throw error;
  }
  const kept = await collection.findOne({ _id: id });
  if (kept === undefined) throw new Error('the session token key is gone from chat_keys');
  return Buffer.from(kept.key, 'base64');
}
