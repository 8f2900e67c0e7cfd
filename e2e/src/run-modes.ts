import { reportText } from './crash-report.ts';
import { type CrashOptions, type Mode, runCrash } from './run-crash.ts';
import { SystemUnavailable } from './system.ts';

const modes: Readonly<Record<string, readonly Mode[]>> = {
  scale: ['scale'],
  embedded: ['embedded'],
  both: ['embedded', 'scale'],
};

/** @throws when the text names none. */
export function modesNamed(text: string): readonly Mode[] {
  const chosen = modes[text];
  if (chosen === undefined) throw new Error('--mode must be scale, embedded or both');
  return chosen;
}

/** @throws when the option's value is not one. */
export function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new Error(`${option} must be a whole number from 1`);
  return value;
}

/** A line of progress on standard error, with the seconds since this was called. */
export function progressOnStderr(): (line: string) => void {
  const startedAtMs = performance.now();
  return (line) => {
    const second = Math.round((performance.now() - startedAtMs) / 1000);
    process.stderr.write(`${String(second).padStart(4)} s  ${line}\n`);
  };
}

export interface RunModes extends Omit<CrashOptions, 'mode' | 'report' | 'signal'> {
  readonly modes: readonly Mode[];
  /** Prints the report as one JSON object. */
  readonly json: boolean;
}

/** Runs the test in each mode and prints what it found. @returns the exit code. */
export async function runModes(settings: RunModes, report = progressOnStderr()): Promise<number> {
  const abort = new AbortController();
  // In order, so that no process is left behind.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => abort.abort(new Error(`ended by ${name}`)));
  report(`seed ${settings.seed}`);
  let broken = false;
  for (const mode of settings.modes) {
    try {
      const found = await runCrash({ ...settings, mode, report, signal: abort.signal });
      process.stdout.write(settings.json ? `${JSON.stringify(found)}\n` : `${reportText(found)}\n`);
      broken ||= found.violations.length > 0;
    } catch (error) {
      if (!(error instanceof SystemUnavailable)) throw error;
      process.stderr.write(`${error.message}\n`);
      return 3;
    }
  }
  return broken ? 1 : 0;
}
