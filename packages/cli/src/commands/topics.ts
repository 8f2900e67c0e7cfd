import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

const topics = () => import('../actions/topics.ts');

/** `topics …`: the topics of the log. */
export function addTopicCommands(program: Command, context: CliContext): void {
  const group = program.command('topics').description('the topics of the event log');
  group
    .command('list')
    .description('topics with partitions, retention and records kept')
    .action(async (_options, command: Command) => (await topics()).listTopics(context, command.optsWithGlobals()));
  group
    .command('apply')
    .description('create missing topics and set retention as declared; deletes nothing, may be repeated')
    .action(async (_options, command: Command) => (await topics()).applyTopics(context, command.optsWithGlobals()));
  group
    .command('acls')
    .description(
      "print the commands that give every service the rights it needs on Kafka, with Kafka's own kafka-acls.sh",
    )
    .option('--service <service>', 'of this service only')
    .action(async (_options, command: Command) => (await topics()).printAcls(context, command.optsWithGlobals()));
}
