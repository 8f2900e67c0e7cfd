/**
 * Splits a text that is too long for one message of its channel: at the end of a paragraph, else of a line, a sentence or a
 * word, else between two characters (never within a surrogate pair).
 * @param maxLength UTF-16 code units. 0: no limit.
 * @returns at least one part, none of them longer than the limit; nothing but white space between parts is lost.
 */
export function splitText(text: string, maxLength: number): string[] {
  const parts: string[] = [];
  let rest = text;
  while (maxLength > 0 && rest.length > maxLength) {
    const end = bestEnd(rest, maxLength);
    const part = rest.slice(0, end).trimEnd();
    if (part !== '') parts.push(part);
    rest = rest.slice(end).trimStart();
  }
  if (rest !== '' || parts.length === 0) parts.push(rest);
  return parts;
}

/** The latest good place in the second half of what fits; a worse kind of place only where there is no better one. */
const places = [/\n\s*\n/g, /\n/g, /[.!?]\s|[。！？…]/g, /\s/g];

function bestEnd(text: string, maxLength: number): number {
  const window = text.slice(0, maxLength + 1);
  for (const place of places) {
    const ends = [...window.matchAll(place)]
      .map((match) => match.index + match[0].length)
      .filter((end) => end <= maxLength);
    const last = ends.at(-1);
    if (last !== undefined && last > maxLength / 2) return last;
  }
  const isPair = /[\uD800-\uDBFF]/.test(text.charAt(maxLength - 1));
  return isPair && maxLength > 1 ? maxLength - 1 : maxLength;
}
