import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';

/** One app of ours on Google Play. docs/channels/google-play.md says which page gives which value. */
export const googlePlayAccount = z.strictObject({
  /** In every conversation's key. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and hyphens'),
  /** The app's application id. */
  packageName: z.string().regex(/^[a-zA-Z]\w*(\.[a-zA-Z]\w*)+$/, 'must look like com.example.app'),
  /** What is in the service account's key file. */
  serviceAccount: z.looseObject({
    client_email: z.email('must be an email address'),
    private_key: z.string().refine(isRsa, 'must be an RSA key in PEM'),
    token_uri: z.url().default('https://oauth2.googleapis.com/token'),
  }),
  /** How often reviews are looked for. Each look costs a call for every 100 new ones; an app has 200 an hour. */
  pollSeconds: z.number().int().min(5, 'must be at least 5').default(300),
  apiUrl: z.url().default('https://androidpublisher.googleapis.com'),
});

export type GooglePlayAccount = z.infer<typeof googlePlayAccount>;

function isRsa(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
