#!/usr/bin/env node
import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { openConnections } from './connections.ts';
import type { CliContext } from './context.ts';
import { exitCodes } from './exit-codes.ts';
import { run } from './program.ts';

const words = process.argv.slice(2);
const interrupt = new AbortController();
process.on('SIGINT', () => {
  // The second Ctrl-C does not wait for anything.
  if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
  interrupt.abort();
});
process.on('SIGTERM', () => interrupt.abort());
// `tributary tail … | head` closes our output: that is the end, not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

{
  await using connections = openConnections(process.env);
  const context: CliContext = {
    environment: process.env,
    stdout: process.stdout,
    stderr: process.stderr,
    connections,
    now: Date.now,
    signal: interrupt.signal,
    userName: userInfo().username,
    // npm runs scripts in the package's folder; the user means the one they are in.
    workingDirectory: (process.env['npm_lifecycle_event'] === 'tributary' && process.env['INIT_CWD']) || process.cwd(),
    newId: randomUUID,
    readStdin: () => text(process.stdin),
  };
  process.exitCode = await run(words, context);
}
