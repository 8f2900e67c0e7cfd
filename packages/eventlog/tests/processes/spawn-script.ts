import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningScript {
  readonly process: ChildProcess;
  /** What it has printed. */
  readonly lines: readonly string[];
  /** SIGKILL; resolves when it is gone and its last line has been read. */
  kill(): Promise<void>;
}

/** Runs a script of this folder as a process of its own. */
export function spawnScript(name: string, ...args: readonly string[]): RunningScript {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const flags = ['--conditions=@tributary/source', '--disable-warning=TimeoutNegativeWarning'];
  const child = spawn(process.execPath, [...flags, path, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
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
