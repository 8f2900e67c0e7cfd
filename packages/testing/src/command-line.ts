/**
 * A command of the workspace: reads its arguments, then runs. Without more it prints its usage for `--help`, and after what is wrong
 * with the arguments.
 * @param read @throws what is wrong with them, in words.
 * @returns the exit code: what `run` resolves with, 0 after the usage, 2 for wrong arguments.
 */
export async function runCommandLine<Settings extends { readonly help: boolean }>(
  usage: string,
  read: () => Settings,
  run: (settings: Settings) => Promise<number>,
): Promise<number> {
  let settings: Settings;
  try {
    settings = read();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  if (!settings.help) return run(settings);
  process.stdout.write(usage);
  return 0;
}
