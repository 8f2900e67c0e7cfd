import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare, median } from '../src/rounds.ts';
import { renderTable, replaceSection } from '../src/table.ts';

describe('median', () => {
  test('is the middle value, or the mean of the two middle ones, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([10, 9, 100])).toBe(10);
  });

  test('has as many values below as above', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
      }),
    );
  });

  test('of nothing is an error', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

test('both sides run in turn, change who begins, and the first round does not count', async () => {
  const order: string[] = [];
  const rates = [1000, 20, 40, 30];
  const ours = async () => rates[order.push('ours') && order.filter((side) => side === 'ours').length - 1] ?? 0;
  const bare = async () => {
    order.push('bare');
    return 10;
  };
  const result = await compare({ ours, bare }, { rounds: 3, report: () => {} });
  expect(order).toEqual(['ours', 'bare', 'bare', 'ours', 'ours', 'bare', 'bare', 'ours']);
  expect(result).toEqual({ ours: 30, bare: 10, ratio: 3 });
});

describe('the table', () => {
  const rows = [
    { what: 'a | b', figure: '10/s / 20/s', ratio: 0.5, target: '≥ 0.5', met: true },
    { what: 'c', figure: '3 s', target: '≤ 2 s', met: false },
  ];

  test('names missed targets and escapes what would break a cell', () => {
    expect(renderTable(rows, 'a machine').split('\n')).toEqual([
      '| what | figure | ratio to bare baseline | target |',
      '|---|---|---|---|',
      '| a \\| b | 10/s / 20/s | 0.50 | ≥ 0.5 |',
      '| c | 3 s |  | ≤ 2 s (missed) |',
      '',
      'a machine',
    ]);
  });

  test('replaces what stands between the marks and nothing else, also when it is written again', () => {
    const document = '# A\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nrest\n';
    const once = replaceSection(document, 'new');
    expect(once).toBe('# A\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nrest\n');
    expect(replaceSection(once, 'new')).toBe(once);
  });

  test.each(['no marks', '<!-- bench:end --> <!-- bench:begin -->', '<!-- bench:begin -->'])(
    'a document without clear marks is refused: %s',
    (document) => {
      expect(() => replaceSection(document, 'new')).toThrow('bench:begin');
    },
  );
});
