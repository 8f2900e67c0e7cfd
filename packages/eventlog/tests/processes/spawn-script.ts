import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

interface RunningScript {
  readonly process: ChildProcess;
  /** What it has printed. */
  readonly lines: readonly string[];
  /** SIGKILL; resolves when it is gone and its last line has been read. */
  kill(): Promise<void>;
}

/** Runs a script as a process of its own. */
export function spawnScript(script: URL, ...args: readonly string[]): RunningScript {
  const flags = ['--conditions=@tributary/source', '--disable-warning=TimeoutNegativeWarning'];
  const child = spawn(process.execPath, [...flags, fileURLToPath(script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const closed = once(reader, 'close');
  return {
    process: child,
    lines,
    async kill() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
