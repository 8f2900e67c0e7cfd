import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const markdown = [
  '.',
  'docs',
  'docs/adr',
  'docs/channels',
  'bench',
  'e2e',
  ...foldersIn('packages'),
  ...foldersIn('services'),
].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

function foldersIn(folder: string): string[] {
  return readdirSync(join(root, folder)).map((name) => join(folder, name));
}

test.each(markdown)('%s links only to what exists', (path) => {
  const links = [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
  const missing = links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => !existsSync(join(root, dirname(path), link)));
  expect(missing).toEqual([]);
});

test('docs/message-flow.md names only files that exist', () => {
  const files = [...read('docs/message-flow.md').matchAll(/`((?:packages|services|proto|docs)\/[\w./-]+\.\w+)`/g)].map(
    (match) => match[1] ?? '',
  );
  expect(files.length).toBeGreaterThan(10);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('docs/dependencies.md gives a reason for each dependency, and for no other', () => {
  const catalog = /\ncatalog:\n((?: {2}.*\n)+)/.exec(read('pnpm-workspace.yaml'))?.[1] ?? '';
  const declared = [...catalog.matchAll(/^ {2}["']?([^"':\s]+)["']?:/gm)].map((match) => match[1]);
  const table = [...read('docs/dependencies.md').matchAll(/^\| (`.*?) \|/gm)].map((match) => match[1] ?? '');
  const explained = table.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]));
  expect(explained.sort()).toEqual(declared.sort());
});
