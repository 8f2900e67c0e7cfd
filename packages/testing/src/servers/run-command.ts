import { spawn } from 'node:child_process';
import { type CommandLine, dieWithParent } from './die-with-parent.ts';
import { CannotProvide } from './running-server.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Neither our death nor Ctrl-C ends it: for what leaves a machine half changed when interrupted. */
  readonly mustFinish?: boolean;
}

const keptOutputChars = 4000;

/**
 * Runs a program to its end and returns its standard output. The program dies with this process, unless it must finish.
 * Throws `CannotProvide` with the end of what it printed when it cannot be run or exits with another code than 0.
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const [first, ...rest]: CommandLine = options.mustFinish ? [program, ...args] : dieWithParent([program, ...args]);
    const child = spawn(first, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.mustFinish ?? false,
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      printed = (printed + chunk.toString()).slice(-keptOutputChars);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-keptOutputChars);
    });
    const line = [program, ...args].join(' ').slice(0, 200);
    child.on('error', (error) => reject(new CannotProvide(`\`${line}\` cannot be run: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(stdout);
      else reject(new CannotProvide(`\`${line}\` ended with ${signal ?? `code ${code}`}:\n${printed.trim()}`));
    });
  });
}
