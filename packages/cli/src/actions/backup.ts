import { resolve } from 'node:path';
import { BackupError, type BackupManifest, backUp, restore } from '@tributary/standalone/backup';
import type { CliContext, GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plainLine } from '../text/plain.ts';

/** Copies the data folder while Tributary runs, or not. */
export async function backUpData(context: CliContext, folder: string, options: GlobalOptions): Promise<void> {
  const dataFolder = dataFolderOf(context);
  const manifest = await orRefused(backUp(dataFolder, resolve(context.workingDirectory, folder)));
  report(context, options, manifest, `Backed up ${dataFolder} as it was at ${manifest.createdTime} to ${folder}.`);
}

/** Puts a backup where Tributary will be started next. */
export async function restoreData(context: CliContext, folder: string, options: GlobalOptions): Promise<void> {
  const dataFolder = dataFolderOf(context);
  const manifest = await orRefused(restore(resolve(context.workingDirectory, folder), dataFolder));
  report(context, options, manifest, `Restored ${dataFolder} as it was at ${manifest.createdTime}. Now: npm start`);
}

function dataFolderOf({ environment, workingDirectory }: CliContext): string {
  if (environment['KAFKA_BROKERS']) {
    throw usageFailure(
      "KAFKA_BROKERS is set: separate services are backed up with their stores' own tools, see docs/operating.md",
    );
  }
  return resolve(workingDirectory, environment['TRIBUTARY_DATA_DIR'] || '.data');
}

async function orRefused(work: Promise<BackupManifest>): Promise<BackupManifest> {
  return work.catch((error: unknown) => {
    if (!(error instanceof BackupError)) throw error;
    throw new CommandFailure(exitCodes.refused, 'BACKUP_REFUSED', error.message, { cause: error });
  });
}

function report(context: CliContext, { json }: GlobalOptions, manifest: BackupManifest, line: string): void {
  if (json) printJson(context, manifest);
  else context.stdout.write(`${plainLine(line)}\n`);
}
