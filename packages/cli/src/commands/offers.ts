import type { Command } from 'commander';
import { integerArgument, severalOf } from '../arguments.ts';
import type { CliContext } from '../context.ts';

const offers = () => import('../actions/offers.ts');
const states = ['pending', 'accepted', 'declined', 'timed-out', 'cancelled'];
const which = "the offer's id or the beginning of it, or its ticket's number";

/** `offers …`: calls and chats that are offered to agents. */
export function addOfferCommands(program: Command, context: CliContext): void {
  const group = program.command('offers').description('calls and chats that are offered to agents, and their answers');
  group
    .command('list')
    .description('offers, newest first')
    .option('--agent <agent>', 'only those made to this agent')
    .option('--ticket <ticket>', 'only those of this ticket: id or number')
    .option('--state <state>', `only in this state, may be repeated: ${states.join(', ')}`, severalOf(states))
    .option('--limit <count>', 'at most so many (1 to 500)', integerArgument(1, 500), 50)
    .option('--page <token>', 'go on where the page before ended')
    .action(async (_options, command: Command) => (await offers()).listOffers(context, command.optsWithGlobals()));
  group
    .command('accept')
    .description('take the contact: the agent owns the ticket then')
    .argument('<offer>', which)
    .option('--agent <agent>', 'who answers; refused unless it was offered to them (default: not checked)')
    .action(async (offer: string, _options, command: Command) =>
      (await offers()).acceptOffer(context, offer, command.optsWithGlobals()),
    );
  group
    .command('decline')
    .description('leave the contact to the next candidate')
    .argument('<offer>', which)
    .option('--agent <agent>', 'who answers; refused unless it was offered to them (default: not checked)')
    .option('--reason <text>', 'why, for the trace (at most 500 characters)')
    .action(async (offer: string, _options, command: Command) =>
      (await offers()).declineOffer(context, offer, command.optsWithGlobals()),
    );
  group
    .command('watch')
    .description('print the pending offers, then every change, until Ctrl-C (with --json one document per line)')
    .option('--agent <agent>', 'only those made to this agent')
    .action(async (_options, command: Command) => (await offers()).watchOffers(context, command.optsWithGlobals()));
}
