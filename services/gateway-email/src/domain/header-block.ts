import { decodeText } from './charset.ts';

/** One header field: its name in lower case and its value, unfolded, with encoded words as they stand. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** Header fields in their order, duplicates included. */
export type HeaderFields = readonly HeaderField[];

/** A longer header block is cut; the rest counts as body. */
export const maxHeadBytes = 768 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Where the header block ends: the offset of the first body byte after the empty line, or undefined when the bytes so far
 * do not hold one.
 */
export function endOfHead(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at + 1] === lineFeed) return at + 2;
    if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3;
  }
  if (bytes[0] === lineFeed) return 1;
  return bytes[0] === carriageReturn && bytes[1] === lineFeed ? 2 : undefined;
}

/**
 * The header block as UTF-8 text: raw 8-bit headers in other charsets are decoded line by line, an mbox `From ` line is
 * left out. What cannot be told is read as the charset of the content type, then as it looks.
 */
export function readableHead(bytes: Uint8Array): string {
  const utf8 = strictUtf8(bytes);
  const text = utf8 ?? decodeLines(bytes);
  return text.replace(/^(?:\r?\n)+/, '').replace(/^>?From [^\r\n]*\r?\n/, '');
}

function decodeLines(bytes: Uint8Array): string {
  const label = /charset\s*=\s*"?([^\s";]+)/i.exec(latin1(bytes))?.[1];
  const eightBit: Uint8Array[] = [];
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(lineFeed, start);
    const line = bytes.subarray(start, end === -1 ? bytes.length : end + 1);
    lines.push(line);
    if (line.some((byte) => byte > 0x7f) && strictUtf8(line) === undefined) eightBit.push(line);
    start += line.length;
  }
  // Together they say more about their charset than each alone.
  const { charset } = decodeText(concatenate(eightBit), label);
  const decoder = new TextDecoder(charset);
  return lines.map((line) => strictUtf8(line) ?? decoder.decode(line)).join('');
}

/** The fields of a header block. A line that is no field is passed over. */
export function parseHeaderFields(head: string): HeaderFields {
  const fields: HeaderField[] = [];
  for (const line of head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon).trim().toLowerCase();
    if (!/^[!-9;-~]+$/.test(name)) continue;
    fields.push({ name, value: line.slice(colon + 1).trim() });
  }
  return fields;
}

/** The first field of this name, as mail programs show it when there are several. */
export function firstField(fields: HeaderFields, name: string): string | undefined {
  return fields.find((field) => field.name === name)?.value;
}

export function allFields(fields: HeaderFields, ...names: readonly string[]): string[] {
  return fields.filter((field) => names.includes(field.name)).map((field) => field.value);
}

function strictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
