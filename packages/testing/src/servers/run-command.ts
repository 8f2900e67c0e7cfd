import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CannotProvide } from './running-server.ts';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const keptOutputChars = 4000;

/**
 * Runs a program to its end and returns its standard output.
 * Throws `CannotProvide` with the end of what it printed when it cannot be run or exits with another code than 0.
 */
export function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
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

/** The full path of a program on the PATH or in the system's own folders, or undefined. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
