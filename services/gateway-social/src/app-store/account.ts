import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

/** One app of ours on the App Store. docs/channels/app-store.md says which page gives which value. */
export const appStoreAccount = z.strictObject({
  /** In every conversation's key. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  /** The app's Apple ID. */
  appId: z.string().regex(/^\d{1,19}$/, 'must be digits, in quotes'),
  /** Of the team's API keys. */
  issuerId: z.guid('must be a UUID'),
  keyId: z.string().regex(/^[A-Z0-9]{2,20}$/, 'must be capital letters and digits'),
  /** What is in the key's .p8 file. */
  privateKey: z.string().refine(isP256, "must be the text of the key's .p8 file"),
  /** How often reviews are looked for. */
  pollSeconds: z.number().int().min(5, 'must be at least 5').default(300),
  apiUrl: z.url().default('https://api.appstoreconnect.apple.com'),
});

export type AppStoreAccount = z.infer<typeof appStoreAccount>;

function isP256(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}
