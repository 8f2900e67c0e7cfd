import { createCipheriv, createHash } from 'node:crypto';

/** SHA-1 over the parts, sorted and joined. */
export function sign(...parts: readonly string[]): string {
  return createHash('sha1')
    .update([...parts].sort().join(''))
    .digest('hex');
}

/**
 * Encrypts as WeChat does in its safe mode: 16 random bytes, the length, the text and the AppID, padded to 32 bytes, in
 * AES-256-CBC with the key's beginning as IV.
 * @param random 16 bytes.
 */
export function encryptPush(text: string, encodingAesKey: string, appId: string, random: Uint8Array): string {
  const key = Buffer.from(encodingAesKey, 'base64');
  const content = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const plain = Buffer.concat([random, length, content, Buffer.from(appId)]);
  const padding = 32 - (plain.length % 32);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]).toString(
    'base64',
  );
}
