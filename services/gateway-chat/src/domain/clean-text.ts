/**
 * A visitor's text as we keep it: lines end with \n, half surrogate pairs become U+FFFD (protobuf and databases want
 * well-formed Unicode), and control characters other than tab and newline are gone (PostgreSQL refuses U+0000).
 */
export function cleanText(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?/g, '\n')
    .replace(/(?![\n\t])\p{Cc}/gu, '');
}

/** The same on one line: for names. */
export function cleanLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim();
}

/**
 * A file name as we keep it: its last path part, at most 200 characters. Empty when nothing is left.
 */
export function cleanFileName(name: string): string {
  const last = cleanLine(name).split(/[/\\]/).at(-1) ?? '';
  return last === '.' || last === '..' ? '' : last.slice(0, 200).toWellFormed();
}
