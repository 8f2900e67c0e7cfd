import { analyse } from 'chardet';

/** Text and the charset it was read as (WHATWG name). */
export interface DecodedText {
  readonly text: string;
  readonly charset: string;
}

/**
 * Reads text in whatever charset it really is in. The label counts unless the bytes contradict it: UTF-8 called something
 * else, something else called UTF-8 or ASCII, no label, an unknown label. Never throws; what cannot be read becomes U+FFFD.
 * UTF-7 is refused as a charset, for it hides markup from whoever looks for it.
 */
export function decodeText(bytes: Uint8Array, label: string | undefined): DecodedText {
  const named = charsetOf(label);
  if (!hasHighBytes(bytes)) {
    const escaped = escapedCharset(bytes) ?? (named === 'iso-2022-jp' || named?.startsWith('utf-16') ? named : 'utf-8');
    return { text: new TextDecoder(escaped).decode(bytes), charset: escaped };
  }
  // GB18030 and its like can look like UTF-8 by chance; single bytes and wrong labels do not.
  const utf8 = named !== undefined && multiByte.has(named) ? undefined : strict(bytes, 'utf-8');
  if (utf8 !== undefined) return { text: utf8, charset: 'utf-8' };
  if (named !== undefined && named !== 'utf-8') {
    const text = strict(bytes, named);
    if (text !== undefined) return { text, charset: named };
  }
  const damaged = damagedUtf8(bytes);
  if (damaged !== undefined) return { text: damaged, charset: 'utf-8' };
  for (const candidate of analyse(bytes)) {
    const charset = charsetOf(candidate.name);
    const text = charset === undefined ? undefined : strict(bytes, charset);
    if (charset !== undefined && text !== undefined) return { text, charset };
  }
  const charset = named !== undefined && named !== 'utf-8' ? named : 'windows-1252';
  return { text: new TextDecoder(charset).decode(bytes), charset };
}

const multiByte = new Set(['gb18030', 'big5', 'shift_jis', 'euc-jp', 'euc-kr', 'utf-16le', 'utf-16be']);

/** Labels seen in mail that the Encoding Standard does not know, and subsets whose superset reads more. */
const aliases: Readonly<Record<string, string>> = {
  gb2312: 'gb18030',
  gbk: 'gb18030',
  cp936: 'gb18030',
  'windows-936': 'gb18030',
  'hz-gb-2312': 'gb18030',
  cp950: 'big5',
  'windows-950': 'big5',
  cp932: 'shift_jis',
  'windows-932': 'shift_jis',
  cp949: 'euc-kr',
  'windows-949': 'euc-kr',
  cp51932: 'euc-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'koi8-ru': 'koi8-u',
};

/** The charset that a label names, or undefined when it names none we may read. */
export function charsetOf(label: string | undefined): string | undefined {
  const name = label
    ?.trim()
    .toLowerCase()
    .replace(/^['"]+|['"]+$/g, '');
  if (name === undefined || name === '' || name === 'us-ascii' || name === 'ascii') return undefined;
  try {
    const { encoding } = new TextDecoder(aliases[name] ?? name);
    if (encoding === 'replacement' || encoding === 'x-user-defined') return undefined;
    return encoding === 'gbk' ? 'gb18030' : encoding;
  } catch {
    return undefined;
  }
}

/** Seven-bit charsets betray themselves by their escape sequences. */
function escapedCharset(bytes: Uint8Array): string | undefined {
  for (let at = bytes.indexOf(0x1b); at !== -1; at = bytes.indexOf(0x1b, at + 1)) {
    const sequence = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
    if (['$B', '$@', '(J', '(I'].includes(sequence)) return 'iso-2022-jp';
  }
  return undefined;
}

/** UTF-8 of which a byte or two was lost, as after a cut in the middle of a character. */
function damagedUtf8(bytes: Uint8Array): string | undefined {
  const text = new TextDecoder('utf-8').decode(bytes);
  let lost = 0;
  let kept = 0;
  for (const character of text) {
    if (character === '\uFFFD') lost += 1;
    else if (character > '\u007F') kept += 1;
  }
  return kept >= 4 && lost * 8 <= kept ? text : undefined;
}

function strict(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hasHighBytes(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return true;
  return false;
}
