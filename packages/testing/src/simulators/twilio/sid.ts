import { randomBytes } from 'node:crypto';

/** A new id as Twilio forms them: two letters for the kind (SM, MM, CA, …) and 32 hexadecimal digits. */
export function newSid(kind: string): string {
  return `${kind}${randomBytes(16).toString('hex')}`;
}
