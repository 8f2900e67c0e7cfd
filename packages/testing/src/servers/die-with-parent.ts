import { findProgram } from './find-program.ts';

export type CommandLine = readonly [program: string, ...args: string[]];

/**
 * The command, wrapped so that the kernel kills it when the thread that starts it ends, however that happens: nothing is
 * left running for ever. On Linux only; elsewhere the command as it is. A change of user takes this away again.
 */
export function dieWithParent(command: CommandLine): CommandLine {
  const setpriv = findProgram('setpriv');
  return setpriv === undefined ? command : [setpriv, '--pdeathsig', 'KILL', '--', ...command];
}
