import type { Row } from './benchmark.ts';

const begin = '<!-- bench:begin -->';
const end = '<!-- bench:end -->';

/** The rows as a Markdown table, above a line about the machine. A target that was missed says so. */
export function renderTable(rows: readonly Row[], machine: string): string {
  const lines = rows.map(({ what, figure, ratio, target, met }) =>
    [what, figure, ratio === undefined ? '' : ratio.toFixed(2), met === false ? `${target} (missed)` : target]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | '),
  );
  return [
    '| what | figure | ratio to bare baseline | target |',
    '|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
    '',
    machine,
  ].join('\n');
}

/** The document with what stands between the two marks replaced. @throws Error when it does not have them, in order, once. */
export function replaceSection(document: string, section: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  const isClear = from >= 0 && to > from && document.lastIndexOf(begin) === from && document.lastIndexOf(end) === to;
  if (!isClear) throw new Error(`the document must hold ${begin} and, behind it, ${end} once each`);
  return `${document.slice(0, from + begin.length)}\n${section}\n${document.slice(to)}`;
}
