import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

const letters = () => import('../actions/dead-letters.ts');
const topicText = 'the topic the records were meant for, for example messages.inbound.v1';

/** `dlq …`: records that could never be handled. */
export function addDeadLetterCommands(program: Command, context: CliContext): void {
  const group = program.command('dlq').description('dead letters: records that no consumer could ever handle');
  group
    .command('list')
    .description('dead letters that wait for a person, oldest first')
    .argument('[topic]', `${topicText} (default: every topic)`)
    .option('--all', 'also those already replayed')
    .action(async (topic: string | undefined, _options, command: Command) =>
      (await letters()).listLetters(context, topic, command.optsWithGlobals()),
    );
  group
    .command('show')
    .description('one dead letter: cause, origin and content')
    .argument('<topic>', topicText)
    .argument('<id>', "as 'dlq list' shows it")
    .action(async (topic: string, id: string, _options, command: Command) =>
      (await letters()).showLetter(context, topic, id, command.optsWithGlobals()),
    );
  group
    .command('replay')
    .description('put dead letters back into their topic, once what could not handle them has been repaired')
    .argument('<topic>', topicText)
    .argument('[ids...]', "as 'dlq list' shows them")
    .option('--all', 'all that wait')
    .option('--again', 'also those already replayed')
    .action(async (topic: string, ids: string[], _options, command: Command) =>
      (await letters()).replayLetters(context, topic, ids, command.optsWithGlobals()),
    );
}
