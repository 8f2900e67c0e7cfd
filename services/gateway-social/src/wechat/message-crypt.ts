import { createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';

// "Message encryption and decryption", developers.weixin.qq.com/doc/service/guide/dev/push/encryption.html

/** WeChat's signature: SHA-1 over the parts, sorted and joined. */
function signatureOf(parts: readonly string[]): string {
  return createHash('sha1')
    .update([...parts].sort().join(''))
    .digest('hex');
}

/** Compares in a time that does not tell how much of it is right. */
export function isSignedBy(parts: readonly string[], given: string): boolean {
  const expected = Buffer.from(signatureOf(parts));
  const found = Buffer.from(given);
  return found.length === expected.length && timingSafeEqual(found, expected);
}

/** Something that is not encrypted for us with this key. */
export class DecryptionError extends Error {
  override readonly name = 'DecryptionError';
}

const blockBytes = 32;

/**
 * Opens what WeChat encrypted: AES-256-CBC with the key's first 16 bytes as IV over 16 random bytes, the length (4 bytes,
 * big-endian), the text and our AppID, padded to blocks of 32 bytes (PKCS#7; so the cipher's own padding of 16 is off).
 * @throws DecryptionError
 */
export function decrypt(encrypted: string, encodingAesKey: string, appId: string): string {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64');
  const bytes = Buffer.from(encrypted, 'base64');
  if (bytes.length === 0 || bytes.length % 16 !== 0) throw new DecryptionError('not whole blocks');
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > blockBytes || padding > padded.length - 20) throw new DecryptionError('wrong padding');
  const plain = padded.subarray(0, padded.length - padding);
  const end = 20 + plain.readUInt32BE(16);
  if (end > plain.length) throw new DecryptionError('wrong length');
  if (plain.subarray(end).toString('utf8') !== appId) throw new DecryptionError('meant for another AppID');
  return plain.subarray(20, end).toString('utf8');
}
