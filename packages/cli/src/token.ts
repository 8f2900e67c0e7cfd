import { readFileSync } from 'node:fs';

/** Whom the token in TRIBUTARY_TOKEN or TRIBUTARY_TOKEN_FILE names, unchecked; the servers check it. */
export function actorOfToken(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { TRIBUTARY_TOKEN: token, TRIBUTARY_TOKEN_FILE: file } = environment;
  if (!token && !file) return undefined;
  try {
    const [, payload = ''] = (file ? readFileSync(file, 'utf8') : (token ?? '')).split('.');
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: string }).sub;
  } catch {
    // Whoever calls with it says what is wrong.
    return undefined;
  }
}
