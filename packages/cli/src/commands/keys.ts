import { type Command, Option } from 'commander';
import { durationArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';

const keys = () => import('../actions/keys.ts');

const folderOption = () => new Option('--folder <folder>', 'where keys are kept').default('keys');
const ownerOption = () => new Option('--for <owner>', "whose key: a service's name, or 'people'").makeOptionMandatory();

/** `keys …` and `tokens …`: who may call whom between services. */
export function addKeyCommands(program: Command, context: CliContext): void {
  const group = program.command('keys').description('the keys that sign and check tokens of internal calls');
  group
    .command('create')
    .description('make the first keys of an owner: one that signs, and one that is known before it does')
    .addOption(ownerOption())
    .addOption(folderOption())
    .action(async (_options, command: Command) => (await keys()).createKeys(context, command.optsWithGlobals()));
  group
    .command('rotate')
    .description(
      'sign with the next key from now on; the former is still known until the next rotation. ' +
        'Twice in a row forgets a stolen key at once',
    )
    .addOption(ownerOption())
    .addOption(folderOption())
    .action(async (_options, command: Command) => (await keys()).rotateKeys(context, command.optsWithGlobals()));
  program
    .command('tokens')
    .description('what people call services with')
    .command('create')
    .description('print a token for the person that --actor names, signed with the key of people')
    .addOption(new Option('--role <role>').choices(['agent', 'supervisor', 'manager']).makeOptionMandatory())
    .option('--regions <regions>', 'regions they see, comma-separated; managers see all')
    .addOption(
      new Option('--ttl <duration>', 'how long it is good, at most 24h')
        .argParser(durationArgument)
        .default(28_800_000, '8h'),
    )
    .addOption(folderOption())
    .action(async (_options, command: Command) => {
      const isNamed = program.getOptionValueSource('actor') === 'cli';
      await (await keys()).createToken(context, { ...command.optsWithGlobals(), isNamed });
    });
}
