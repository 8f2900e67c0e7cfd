import stringWidth from 'string-width';

// Control characters (a terminal would obey them) and the marks that change the direction of what follows.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text of others, safe to print on a terminal: what it would obey is shown as `·`. Line breaks and tabs stay. */
export function plain(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, '·');
}

/** The same on one line. */
export function plainLine(text: string): string {
  return plain(text).replace(/\s+/g, ' ').trim();
}

/** Cuts to a number of terminal columns, with `…` for what is missing. Never cuts through a character. */
export function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += stringWidth(segment);
    if (width > columns - 1) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Fills up with blanks to a number of terminal columns (a Chinese character takes two). */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - stringWidth(text)));
}

/** Every line indented. */
export function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : by + line))
    .join('\n');
}
