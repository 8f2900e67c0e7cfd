import { createHash } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import type { Policy } from '../domain/policy/policy.ts';
import { fileSchema, toPolicy } from '../domain/policy/policy-schema.ts';

/** A policy that cannot be used; `message` names file, line, column, field and reason of everything wrong in it. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/**
 * Reads and checks a policy file.
 * @throws PolicyError when it is not a policy. @throws the system's error when it cannot be read.
 */
export async function readPolicyFile(path: string): Promise<Policy> {
  return parsePolicy(await readFile(path, 'utf8'), path);
}

/** @param path Only for the errors. */
export function parsePolicy(source: string, path: string): Policy {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const malformed = [...document.errors, ...document.warnings];
  if (malformed.length > 0)
    throw new PolicyError(malformed.map(({ pos, message }) => `${at(pos[0])}: ${message}`).join('\n'));

  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => {
      const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
      const field = [...issue.path, ...keys.slice(0, 1)];
      return `${at(offsetOf(document, field))}: ${fieldName(field)}: ${issue.message}`;
    });
    throw new PolicyError(problems.join('\n'));
  }
  const hash = createHash('sha256').update(source).digest('hex').slice(0, 12);
  return toPolicy(parsed.data, `${parsed.data.version}+${hash}`);
}

/** Calls back after the file changed. It looks by polling, which also sees a mounted configuration being swapped. */
export function watchPolicyFile(path: string, changed: () => void): Disposable {
  const listener = (now: { mtimeMs: number }, before: { mtimeMs: number }) => {
    if (now.mtimeMs !== before.mtimeMs) changed();
  };
  watchFile(path, { interval: 5000, persistent: false }, listener);
  return { [Symbol.dispose]: () => unwatchFile(path, listener) };
}

/** Where the field stands in the source; a missing one, where what should hold it stands. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (hasRange(node)) return node.range[0];
  }
  return 0;
}

function hasRange(node: unknown): node is { range: [number, number, number] } {
  return typeof node === 'object' && node !== null && Array.isArray((node as { range?: unknown }).range);
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => {
    if (typeof part === 'number') return `${name}[${part}]`;
    return name === '' ? String(part) : `${name}.${String(part)}`;
  }, '');
}
