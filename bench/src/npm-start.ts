import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '@tributary/testing/servers';
import { type ProcessMemory, processTree } from './processes.ts';

export interface RunningStart extends AsyncDisposable {
  /** From the spawn of npm to the line that says it is ready, ms. */
  readonly readyAfterMs: number;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly smtpPort: number;
  /** The process that is Tributary, and those that npm needs to start it. */
  memory(): { readonly tributary: ProcessMemory; readonly launchers: readonly ProcessMemory[] };
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** `npm start` as a person types it, on free ports and with its data in `folder`. */
export async function npmStart(folder: string, environment: Record<string, string> = {}): Promise<RunningStart> {
  const [httpPort, grpcPort, smtpPort] = [await freePort(), await freePort(), await freePort()];
  const startMs = performance.now();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    env: {
      ...process.env,
      TRIBUTARY_DATA_DIR: folder,
      HTTP_PORT: String(httpPort),
      GRPC_PORT: String(grpcPort),
      SMTP_PORT: String(smtpPort),
      ...environment,
    },
  });
  await readinessLine(child);
  return {
    readyAfterMs: performance.now() - startMs,
    ...{ httpPort, grpcPort, smtpPort },
    memory() {
      const all = processTree(child.pid as number);
      const tributary = all.find(({ command }) => command.includes('standalone/src/main.ts'));
      if (tributary === undefined) throw new Error('npm start runs no Tributary');
      return { tributary, launchers: all.filter((each) => each !== tributary) };
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      process.kill(-(child.pid as number), 'SIGTERM');
      await ended;
    },
  };
}

async function readinessLine(child: ChildProcess): Promise<void> {
  if (child.stdout === null) throw new Error('npm has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Tributary is ready')) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error('npm start ended before it was ready');
}
