import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { refuseReplay, WebhookRefusal } from '@tributary/gateway-kit';
import { z } from 'zod';

// Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// The npm package of the project knows neither v1a nor a clock other than the machine's.

/** Makes signatures of one scheme. */
export interface SigningKey {
  sign(content: Buffer): string;
}

/** Knows signatures of one scheme. */
export interface VerifyingKey {
  readonly version: 'v1' | 'v1a';
  matches(content: Buffer, signature: Buffer): boolean;
}

/** `whsec_…` (HMAC-SHA256) or `whsk_…` (Ed25519): what we sign with. */
export const signingKey = z.string().transform((text, context): SigningKey => {
  const secret = symmetricKey(text);
  if (secret !== undefined) return { sign: (content) => `v1,${hmac(secret, content).toString('base64')}` };
  const privateKey = ed25519PrivateKey(text);
  if (privateKey !== undefined) {
    return { sign: (content) => `v1a,${sign(null, content, privateKey).toString('base64')}` };
  }
  context.addIssue(
    'must be whsec_ and 24 to 64 bytes in base64, or whsk_ and an Ed25519 secret key (32 or 64 bytes) in base64',
  );
  return z.NEVER;
});

/** `whsec_…` (HMAC-SHA256) or `whpk_…` (Ed25519): what the other side signs with. */
export const verifyingKey = z.string().transform((text, context): VerifyingKey => {
  const secret = symmetricKey(text);
  if (secret !== undefined) {
    return {
      version: 'v1',
      matches(content, signature) {
        const expected = hmac(secret, content);
        return signature.length === expected.length && timingSafeEqual(signature, expected);
      },
    };
  }
  const bytes = bytesOf(text, 'whpk_');
  if (bytes?.length === 32) {
    const publicKey = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') },
      format: 'jwk',
    });
    return { version: 'v1a', matches: (content, signature) => verify(null, content, publicKey, signature) };
  }
  context.addIssue(
    'must be whsec_ and 24 to 64 bytes in base64, or whpk_ and an Ed25519 public key (32 bytes) in base64',
  );
  return z.NEVER;
});

/** The three headers of a webhook, with one signature for each key, so that the receiver may know the old or the new one. */
export function signedHeaders(id: string, atMs: number, body: Buffer, keys: readonly SigningKey[]) {
  const timestamp = String(Math.floor(atMs / 1000));
  const content = signedContent(id, timestamp, body);
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': keys.map((key) => key.sign(content)).join(' '),
  };
}

/**
 * One signature by one of the keys is enough, or no key could ever be changed.
 * @returns the webhook's id, which is the same however often it is sent.
 * @throws WebhookRefusal 401
 */
export function verifySignature(
  headers: IncomingHttpHeaders,
  body: Buffer,
  keys: readonly VerifyingKey[],
  nowMs: number,
): string {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => {
    const value = headers[name];
    if (typeof value !== 'string' || value === '') throw new WebhookRefusal(401, `the header ${name} must be present`);
    return value;
  }) as [string, string, string];
  // A full stop would let bytes of the id pass for a timestamp.
  if (!/^[^.\s]{1,256}$/.test(id)) {
    throw new WebhookRefusal(401, 'webhook-id must have 1 to 256 characters, no full stop and no white space');
  }
  if (!/^\d{1,12}$/.test(timestamp))
    throw new WebhookRefusal(401, 'webhook-timestamp must be Unix time in whole seconds');
  const content = signedContent(id, timestamp, body);
  const isRight = signatures.split(' ').some((versioned) => {
    const [version, signature = ''] = versioned.split(',');
    const bytes = Buffer.from(signature, 'base64');
    return keys.some((key) => key.version === version && key.matches(content, bytes));
  });
  if (!isRight) throw new WebhookRefusal(401, 'webhook-signature holds no signature by a key of this account');
  refuseReplay(Number(timestamp) * 1000, nowMs);
  return id;
}

function signedContent(id: string, timestamp: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
}

function hmac(secret: KeyObject, content: Buffer): Buffer {
  return createHmac('sha256', secret).update(content).digest();
}

/** A KeyObject: Node takes 20 µs to make one of the bytes, and would do so for each signature. */
function symmetricKey(text: string): KeyObject | undefined {
  const bytes = bytesOf(text, 'whsec_');
  return bytes !== undefined && bytes.length >= 24 && bytes.length <= 64 ? createSecretKey(bytes) : undefined;
}

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The specification leaves open whether the public half (bytes 33 to 64) follows the seed. */
function ed25519PrivateKey(text: string): KeyObject | undefined {
  const bytes = bytesOf(text, 'whsk_');
  if (bytes?.length !== 32 && bytes?.length !== 64) return undefined;
  return createPrivateKey({ key: Buffer.concat([pkcs8Head, bytes.subarray(0, 32)]), format: 'der', type: 'pkcs8' });
}

function bytesOf(text: string, prefix: string): Buffer | undefined {
  const base64 = text.slice(prefix.length);
  return text.startsWith(prefix) && /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}
