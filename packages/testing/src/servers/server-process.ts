import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandLine } from './die-with-parent.ts';
import { isRunning, processTree } from './process-table.ts';

export interface ServerCommand {
  /** For messages: "Kafka". */
  readonly name: string;
  readonly command: CommandLine;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it prints is appended here. */
  readonly logFile: string;
  /** What asks it to end in order. */
  readonly stopSignal: NodeJS.Signals;
}

const stopGraceMs = 20_000;
const pollMs = 50;
const running = new Set<ServerProcess>();

// `dieWithParent` covers a SIGKILL of this process; this covers systems without it.
process.on('exit', () => {
  for (const server of running) server.kill();
});

/** One running operating-system process with all its children. It does not keep Node alive, and ends when Node does. */
export class ServerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #command: ServerCommand;
  #ended: string | undefined;
  #killed: readonly number[] = [];

  /** Starts the command. Wrapping it in `dieWithParent` is the caller's part, for a command may change its user later. */
  constructor(command: ServerCommand) {
    const [program, ...args] = command.command;
    const log = openSync(command.logFile, 'a');
    this.#command = command;
    this.#child = spawn(program, args, {
      // A group of its own: Ctrl-C in a terminal reaches us only, and we end servers in order.
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...process.env, ...command.env },
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    });
    closeSync(log);
    this.pid = this.#child.pid ?? 0;
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', (code, signal) => this.#end(signal ?? `code ${code}`));
    this.#child.unref();
    running.add(this);
  }

  /** Polls `answers` until it is true. Throws with the end of the log when the process ends or `timeoutMs` pass. */
  async waitUntil(answers: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await answers())) {
      if (this.#ended !== undefined)
        throw new Error(`${this.#command.name} ended (${this.#ended}):\n${this.#logEnd()}`);
      if (Date.now() > deadline) {
        throw new Error(`${this.#command.name} did not answer within ${timeoutMs / 1000} s:\n${this.#logEnd()}`);
      }
      await delay(pollMs);
    }
  }

  /** Asks the process to end, and kills it when it has not after 20 s. */
  async stop(): Promise<void> {
    if (this.#ended === undefined) this.#signal(this.pid, this.#command.stopSignal);
    const deadline = Date.now() + stopGraceMs;
    while (this.#ended === undefined && Date.now() < deadline) await delay(pollMs);
    if (this.#ended === undefined) this.kill();
    await this.gone();
  }

  /** SIGKILLs the process and everything it started. Stops them first, so that none can start another meanwhile. */
  kill(): void {
    if (this.#ended !== undefined || this.pid === 0) return;
    this.#signal(this.pid, 'SIGSTOP');
    this.#killed = processTree(this.pid);
    for (const pid of this.#killed) this.#signal(pid, 'SIGKILL');
  }

  /** Waits until the process and all that `kill` killed are gone, so that their ports and files are free. */
  async gone(): Promise<void> {
    while (this.#ended === undefined || this.#killed.some(isRunning)) await delay(pollMs);
  }

  #end(how: string): void {
    this.#ended = how;
    running.delete(this);
  }

  #signal(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended meanwhile, which is what was wanted.
    }
  }

  #logEnd(): string {
    return readFileSync(this.#command.logFile, 'utf8').slice(-3000).trim();
  }
}
