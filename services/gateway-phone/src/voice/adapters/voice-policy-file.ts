import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LineCounter, parseDocument } from 'yaml';
import { type VoicePolicy, voicePolicySchema } from '../domain/voice-policy.ts';

const bundled = fileURLToPath(new URL('../../../policies/standard.yaml', import.meta.url));

/** A voice policy that cannot be used; `message` names file, line, column, field and reason of everything wrong in it. */
class VoicePolicyError extends Error {
  override readonly name = 'VoicePolicyError';
}

/**
 * Reads and checks a voice policy.
 * @param path Default: the one that comes with the service.
 * @throws VoicePolicyError when it is none. @throws the system's error when it cannot be read.
 */
export function readVoicePolicy(path = bundled): VoicePolicy {
  return parseVoicePolicy(readFileSync(path, 'utf8'), path);
}

/** @param path Only for the errors. */
function parseVoicePolicy(source: string, path: string): VoicePolicy {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const malformed = [...document.errors, ...document.warnings];
  if (malformed.length > 0) {
    throw new VoicePolicyError(malformed.map(({ pos, message }) => `${at(pos[0])}: ${message}`).join('\n'));
  }
  const parsed = voicePolicySchema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: field, message }) => {
    const place = at(offsetOf(document, field));
    return `${place}: ${field.join('.') || 'the file'}: ${message}`;
  });
  throw new VoicePolicyError(problems.join('\n'));
}

/** Where the field stands; a missing one, where what should hold it stands. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}
