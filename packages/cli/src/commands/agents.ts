import { type Command, Option } from 'commander';
import type { CliContext } from '../context.ts';

const agents = () => import('../actions/agents.ts');

/** `agents …`: who answers, and whether they take work. */
export function addAgentCommands(program: Command, context: CliContext): void {
  const group = program.command('agents').description('the people who answer');
  group
    .command('list')
    .description('agents with presence and load')
    .addOption(new Option('--presence <presence>').choices(['online', 'away', 'offline', 'not-answering']))
    .action(async (_options, command: Command) => (await agents()).listAgents(context, command.optsWithGlobals()));
  group
    .command('show')
    .description('one agent with shifts, skills and work')
    .argument('<agent>')
    .action(async (agent: string, _options, command: Command) =>
      (await agents()).showAgent(context, agent, command.optsWithGlobals()),
    );
  const presences = [
    ['online', 'take new work; waiting work is handed out at once'],
    ['away', 'keep the work at hand, take no new'],
    ['offline', 'not there'],
  ] as const;
  for (const [presence, description] of presences) {
    group
      .command(presence)
      .description(description)
      .argument('<agents...>')
      .action(async (ids: string[], _options, command: Command) =>
        (await agents()).setPresence(context, ids, presence, command.optsWithGlobals()),
      );
  }
}
