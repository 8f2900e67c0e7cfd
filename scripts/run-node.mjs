// Runs a TypeScript file of the workspace under Node 24.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureInstalled, node, root } from './install.mjs';

/** The arguments that make Node 24 run the workspace's TypeScript as it stands. */
export const sourceArguments = [
  '--conditions=@tributary/source',
  // kafkajs sets timers with negative delays; see docs/dependencies.md.
  '--disable-warning=TimeoutNegativeWarning',
  '--disable-warning=ExperimentalWarning',
];

export const sourceEnvironment = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
  // Stripping types is done once, not at every start.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
};

/**
 * Runs a file or a package's program to its end and ends this process as it ended. Signals reach it through the terminal's
 * process group or are passed on.
 */
export function runNode(file, programArguments = process.argv.slice(2), environment = {}) {
  ensureInstalled();
  const child = spawn(node, [...sourceArguments, join(root, file), ...programArguments], {
    stdio: 'inherit',
    env: { ...sourceEnvironment, ...environment },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    // A terminal sends Ctrl-C to the whole group: the child has it already.
    process.on(signal, () => (process.stdin.isTTY && signal === 'SIGINT' ? undefined : child.kill(signal)));
  }
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}
