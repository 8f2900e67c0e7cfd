import type { Command } from 'commander';
import { integerArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';

/** `explain` and `waiting`: what the router did and why. */
export function addExplainCommand(program: Command, context: CliContext): void {
  program
    .command('explain')
    .description('why a ticket was graded and given to whom it was, with everyone who was left out')
    .argument('<ticket>', 'id or number')
    .option('--last', 'only the latest decision')
    .action(async (ticket: string, _options, command: Command) =>
      (await import('../actions/explain.ts')).explainTicket(context, ticket, command.optsWithGlobals()),
    );
  program
    .command('waiting')
    .description('tickets without an owner, first to be served first')
    .option('--limit <count>', 'at most so many (1 to 500)', integerArgument(1, 500), 100)
    .option('--page <token>', 'go on where the page before ended')
    .action(async (_options, command: Command) =>
      (await import('../actions/waiting.ts')).listWaiting(context, command.optsWithGlobals()),
    );
}
