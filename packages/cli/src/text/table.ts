import stringWidth from 'string-width';
import { cut, pad, plainLine } from './plain.ts';

const gap = '  ';

/**
 * Rows under headings, aligned. The last column is cut where the terminal ends.
 * @param columns Width of the terminal; absent: nothing is cut.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], columns?: number): string {
  const cells = [headings, ...rows.map((row) => row.map((cell) => plainLine(cell) || '-'))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => stringWidth(row[column] ?? ''))));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd(),
  );
  return `${lines.map((line) => (columns === undefined ? line : cut(line, columns))).join('\n')}\n`;
}

/** Names and values below each other, aligned. Pairs with an empty value are left out. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs.filter(([, value]) => value !== '');
  const width = Math.max(0, ...shown.map(([name]) => stringWidth(name)));
  return shown.map(([name, value]) => `${pad(name, width)}${gap}${plainLine(value)}\n`).join('');
}
