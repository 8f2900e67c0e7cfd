import { type Command, Option } from 'commander';
import { integerArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';

/** `tail TOPIC`: events as JSON lines. */
export function addTailCommand(program: Command, context: CliContext): void {
  program
    .command('tail')
    .description('print the events of a topic as JSON lines in CloudEvents form (one per line, also without --json)')
    .argument('<topic>', "a topic's name, as 'topics list' shows it; <topic>.dlq for its dead letters")
    .option('--from <where>', "'start', 'end', an ISO 8601 time, or a duration back from now (10m)", 'end')
    .addOption(new Option('--follow', 'go on with what comes').default(true, 'yes'))
    .option('--no-follow', 'stop at the present end')
    .option('--key <key>', 'only events with this key')
    .option('--limit <count>', 'stop after so many', integerArgument(1, Number.MAX_SAFE_INTEGER))
    .action(async (topic: string, _options, command: Command) =>
      (await import('../actions/tail.ts')).tailTopic(context, topic, command.optsWithGlobals()),
    );
}
