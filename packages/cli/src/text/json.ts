import type { CliContext } from '../context.ts';

/** The result as one JSON document. */
export function printJson({ stdout }: CliContext, value: unknown): void {
  stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** One JSON document per line, for what has no end. */
export function printJsonLine({ stdout }: CliContext, value: unknown): void {
  stdout.write(`${JSON.stringify(value)}\n`);
}
