/** A keyed hash (HMAC-SHA256) of a text. Given from outside, because the domain imports nothing. */
export type KeyedHash = (text: string) => Uint8Array;

// Lower case, because some mail systems change the case of addresses.
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const signatureBytes = 10;
const hexId = /^[0-9a-f]{32}$/;
/** RFC 5321: longest local part of an address. */
const maxLocalPart = 64;

/**
 * The address to answer to: ours with a tag that names the ticket and proves that we gave it out (80 bits of an HMAC).
 * Without the tag when the local part would become too long.
 */
export function replyAddress(address: string, ticketId: string, hash: KeyedHash): string {
  const at = address.lastIndexOf('@');
  const local = `${address.slice(0, at)}+t${replyToken(ticketId, hash)}`;
  return local.length > maxLocalPart ? address : `${local}${address.slice(at)}`;
}

/** The ticket that one of the addresses proves to be an answer to. A tag we did not make counts for nothing. */
export function ticketOfAddresses(addresses: readonly string[], hash: KeyedHash): string | undefined {
  for (const address of addresses) {
    const token = /\+t([a-z2-7]+)@/i.exec(address)?.[1];
    const ticketId = token === undefined ? undefined : readReplyToken(token.toLowerCase(), hash);
    if (ticketId !== undefined) return ticketId;
  }
  return undefined;
}

/** The address without its tag: `support+anything@x` is `support@x`. */
export function withoutTag(address: string): string {
  return address.replace(/\+[^@]*@/, '@');
}

function replyToken(ticketId: string, hash: KeyedHash): string {
  return base32(new Uint8Array([...idBytes(ticketId), ...signature(ticketId, hash)]));
}

function readReplyToken(token: string, hash: KeyedHash): string | undefined {
  const bytes = fromBase32(token);
  if (bytes === undefined || bytes.length <= signatureBytes + 1) return undefined;
  const ticketId = idOf(bytes.subarray(0, -signatureBytes));
  if (ticketId === undefined) return undefined;
  return sameBytes(bytes.subarray(-signatureBytes), signature(ticketId, hash)) ? ticketId : undefined;
}

function signature(ticketId: string, hash: KeyedHash): Uint8Array {
  return hash(`reply-token:${ticketId}`).subarray(0, signatureBytes);
}

/** A byte that says how the id is packed, then the id: our usual 128-bit ids take half their length. */
function idBytes(id: string): Uint8Array {
  if (!hexId.test(id)) return new Uint8Array([1, ...new TextEncoder().encode(id)]);
  return new Uint8Array([0, ...(id.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16))]);
}

function idOf(bytes: Uint8Array): string | undefined {
  const [kind, ...rest] = bytes;
  if (kind === 1) return new TextDecoder().decode(new Uint8Array(rest));
  if (kind !== 0 || rest.length !== 16) return undefined;
  return rest.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Takes as long whether they differ early or late. */
function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}

/** Undefined unless it is exactly what `base32` writes: no two tokens stand for the same bytes. */
function fromBase32(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value === -1) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bytes.push((held >> (bits - 8)) & 255);
      bits -= 8;
    }
    held &= (1 << bits) - 1;
  }
  return held === 0 && bits < 5 ? new Uint8Array(bytes) : undefined;
}
