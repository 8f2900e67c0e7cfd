import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { dieWithParent } from '@tributary/testing/servers';
import type { CrashReport } from '../src/crash-report.ts';

/**
 * Runs the crash test as `npm run crash` does.
 * @returns its report, or undefined when the machine has no servers to run on.
 * @throws with what it printed when it fails otherwise than by broken promises.
 */
export async function runCrashCommand(
  options: readonly string[],
  signal: AbortSignal,
): Promise<CrashReport | undefined> {
  const [program, ...args] = dieWithParent([
    process.execPath,
    '--conditions=@tributary/source',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
    fileURLToPath(new URL('../src/crash.ts', import.meta.url)),
    '--json',
    ...options,
  ]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGTERM' });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [output, progress, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code === noServers) {
    process.stderr.write(progress);
    return undefined;
  }
  if (code !== 0) process.stderr.write(progress);
  if (output === '') throw new Error(`the crash test ended with code ${code}:\n${progress}`);
  return JSON.parse(output) as CrashReport;
}

const noServers = 3;
