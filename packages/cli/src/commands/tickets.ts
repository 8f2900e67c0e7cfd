import { type Command, Option } from 'commander';
import { integerArgument, severalOf } from '../arguments.ts';
import type { CliContext } from '../context.ts';

const states = ['new', 'open', 'pending', 'resolved', 'closed'];
const tickets = () => import('../actions/tickets.ts');
const changes = () => import('../actions/ticket-changes.ts');

/** `tickets …`: finding, reading and changing tickets. TICKET is an id or a number. */
export function addTicketCommands(program: Command, context: CliContext): void {
  const group = program.command('tickets').description('find, read and change tickets');

  withFilters(group.command('list').description('tickets, newest first')).action(async (_options, command: Command) =>
    (await tickets()).listTickets(context, command.optsWithGlobals()),
  );
  withFilters(
    group
      .command('search')
      .description('tickets in which all the words occur; also by number, email address or phone number')
      .argument('<words...>'),
  ).action(async (words: string[], _options, command: Command) =>
    (await tickets()).searchTickets(context, words.join(' '), command.optsWithGlobals()),
  );
  group
    .command('show')
    .description('one ticket with its conversation')
    .argument('<ticket>', 'id or number')
    .action(async (ticket: string, _options, command: Command) =>
      (await tickets()).showTicket(context, ticket, command.optsWithGlobals()),
    );
  group
    .command('history')
    .description('who did what to a ticket, oldest first')
    .argument('<ticket>', 'id or number')
    .action(async (ticket: string, _options, command: Command) =>
      (await tickets()).showHistory(context, ticket, command.optsWithGlobals()),
    );
  group
    .command('typing')
    .description('show the customer of a chat that you type; say it again every few seconds while you do')
    .argument('<ticket>', 'id or number')
    .option('--stopped', 'you have stopped')
    .action(async (ticket: string, _options, command: Command) =>
      (await tickets()).signalTyping(context, ticket, command.optsWithGlobals()),
    );
  addChanges(group, context);
}

function withFilters(command: Command): Command {
  return command
    .addOption(
      new Option('--state <state>', 'only in this state; several are allowed')
        .choices(states)
        .argParser(severalOf(states)),
    )
    .option('--owner <agent>', 'only those of this agent')
    .option('--unassigned', 'only those without an owner')
    .option('--queue <queue>')
    .option('--region <region>')
    .option('--channel <channel>')
    .option('--customer <id>')
    .option('--limit <count>', 'at most so many (1 to 500)', integerArgument(1, 500), 50)
    .option('--page <token>', 'go on where the page before ended')
    .option('--all', 'every page');
}

function addChanges(group: Command, context: CliContext): void {
  const change = (name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .argument('<ticket>', 'id or number')
      .option('--command-id <id>', 'repeating a command with its id changes nothing (default: a new one)')
      .option(
        '--if-version <version>',
        'only when the ticket is still at this version',
        integerArgument(1, Number.MAX_SAFE_INTEGER),
      );

  change('reply', "answer the customer by the ticket's channel")
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).reply(context, ticket, command.optsWithGlobals()),
    );
  change('call', "ring an agent's telephone, then the customer's, and connect them")
    .option('--as <agent>', 'who calls (default: --actor)')
    .option('--number <number>', "E.164 (default: the number of the ticket's contact)")
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).call(context, ticket, command.optsWithGlobals()),
    );
  change('note', 'add a note that only agents see')
    .requiredOption('--text <text>', "the note; '-' reads it from standard input")
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).note(context, ticket, command.optsWithGlobals()),
    );
  change('assign', 'give the ticket to an agent, or back to its queue')
    .addOption(new Option('--to <agent>', 'the new owner').conflicts('unassign'))
    .option('--unassign', 'back to the queue')
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).assign(context, ticket, command.optsWithGlobals()),
    );
  change('escalate', 'hand the ticket to a higher tier; its owner is released')
    .option('--reason <text>', 'why', '')
    .option('--tier <tier>', 'to which tier (default: the next)', integerArgument(2, 3))
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).escalate(context, ticket, command.optsWithGlobals()),
    );
  change('pending', 'wait for the customer or a third party')
    .option('--until <time>', 'ISO 8601 time, or a duration from now (default: until the customer writes)')
    .option('--reason <text>', 'what for', '')
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).setPending(context, ticket, command.optsWithGlobals()),
    );
  change('resolve', 'the problem is solved')
    .option('--solution <text>', 'how', '')
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).resolve(context, ticket, command.optsWithGlobals()),
    );
  change('reopen', 'the problem is not solved after all')
    .option('--reason <text>', 'why', '')
    .action(async (ticket: string, _options, command: Command) =>
      (await changes()).reopen(context, ticket, command.optsWithGlobals()),
    );
  change('close', 'end the ticket for good').action(async (ticket: string, _options, command: Command) =>
    (await changes()).close(context, ticket, command.optsWithGlobals()),
  );
}
