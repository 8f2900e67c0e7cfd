import { InvalidArgumentError } from 'commander';
import { parseDuration } from './text/time.ts';

/** `10s`, `2m` → milliseconds. */
export function durationArgument(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 30s, 10m, 2h or 1d.');
  return ms;
}

/** A whole number in a range. */
export function integerArgument(least: number, most: number) {
  return (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most)) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** One of the choices; the option may be given several times. */
export function severalOf(choices: readonly string[]) {
  return (text: string, before: readonly string[] = []): string[] => {
    if (!choices.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
    return [...before, text];
  };
}

/** An option that may be given several times. */
export function several(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
