import type { Command } from 'commander';
import type { CliContext } from '../context.ts';

const backup = () => import('../actions/backup.ts');

/** `backup` and `restore` of the embedded deployment's data. */
export function addBackupCommands(program: Command, context: CliContext): void {
  program
    .command('backup')
    .description('copy the data of the embedded deployment, also while it runs')
    .argument('<folder>', 'a folder that is not there yet')
    .action(async (folder: string, _options, command: Command) =>
      (await backup()).backUpData(context, folder, command.optsWithGlobals()),
    );
  program
    .command('restore')
    .description('put a backup into $TRIBUTARY_DATA_DIR (default .data), which must be empty')
    .argument('<folder>', 'a backup')
    .action(async (folder: string, _options, command: Command) =>
      (await backup()).restoreData(context, folder, command.optsWithGlobals()),
    );
}
