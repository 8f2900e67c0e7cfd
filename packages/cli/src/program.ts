import { readFileSync } from 'node:fs';
import { Command, CommanderError, Help, Option } from 'commander';
import { durationArgument } from './arguments.ts';
import { addAgentCommands } from './commands/agents.ts';
import { addBackupCommands } from './commands/backup.ts';
import { addDeadLetterCommands } from './commands/dead-letters.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addOfferCommands } from './commands/offers.ts';
import { addSendCommands } from './commands/send.ts';
import { addTailCommand } from './commands/tail.ts';
import { addTicketCommands } from './commands/tickets.ts';
import { addTopicCommands } from './commands/topics.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, exitCodes, exitCodeTexts } from './exit-codes.ts';
import { type CommandFailure, toFailure } from './failure.ts';
import { plain } from './text/plain.ts';
import { actorOfToken } from './token.ts';

/** A command whose usage errors say what there is. */
class TributaryCommand extends Command {
  override createCommand(name?: string): Command {
    return new TributaryCommand(name);
  }

  override error(message: string, options?: { exitCode?: number; code?: string }): never {
    return super.error(message + this.#whatThereIs(options?.code), options);
  }

  #whatThereIs(code: string | undefined): string {
    const help = new Help();
    if (code === 'commander.unknownOption') {
      help.showGlobalOptions = true;
      const options = [...help.visibleOptions(this), ...help.visibleGlobalOptions(this)];
      return `\nOptions of '${pathOf(this)}': ${options.map((option) => option.long ?? option.flags).join(', ')}`;
    }
    if (code === 'commander.unknownCommand') {
      const names = help.visibleCommands(this).map((command) => command.name());
      return `\nCommands of '${pathOf(this)}': ${names.join(', ')}`;
    }
    if (code === 'commander.missingArgument' || code === 'commander.excessArguments') {
      return `\nUsage: ${pathOf(this)} ${help.commandUsage(this).split(' ').slice(pathOf(this).split(' ').length).join(' ')}`;
    }
    return '';
  }
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** The command line's whole grammar. Building it loads nothing heavy. */
export function createProgram(context: CliContext): Command {
  const program = new TributaryCommand('tributary')
    .description('Looks into and steers a running Tributary.')
    .version(versionOf(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
    .exitOverride()
    .option('--json', 'print the result as JSON on standard output, errors as JSON on standard error')
    .addOption(
      new Option('--actor <id>', 'who does it: an agent id').default(
        context.environment['TRIBUTARY_ACTOR'] || actorOfToken(context.environment) || context.userName,
        '$TRIBUTARY_ACTOR, else whom the token names, else the user of this machine',
      ),
    )
    .option('--actor-name <name>', "the actor's name as customers see it (default: none is shown)")
    .addOption(
      new Option('--timeout <duration>', 'how long a server has to answer')
        .argParser(durationArgument)
        .default(10_000, '10s'),
    );
  addTicketCommands(program, context);
  addExplainCommand(program, context);
  addAgentCommands(program, context);
  addOfferCommands(program, context);
  addTailCommand(program, context);
  addTopicCommands(program, context);
  addDeadLetterCommands(program, context);
  addBackupCommands(program, context);
  addKeyCommands(program, context);
  addSendCommands(program, context);
  program.addHelpText('after', epilogue);
  return program;
}

const epilogue = `
Exit codes:
${exitCodeTexts.map(([code, text]) => `  ${String(code).padEnd(4)} ${text}`).join('\n')}

Environment:
  TICKETING_ADDRESS, ROUTER_ADDRESS  gRPC, host:port (default localhost:$GRPC_PORT, else localhost:50051)
  KAFKA_BROKERS                      the log is this Kafka; else the embedded one:
  TRIBUTARY_DATA_DIR                 in this folder (default .data)
  SMTP_PORT                          for 'send email' (default 2525)
  CHAT_URL                           for 'send chat' (default http://localhost:$HTTP_PORT, else :8080)
  TRIBUTARY_ACTOR                    default of --actor
  TRIBUTARY_TOKEN, or .._FILE        a token of 'tokens create', where servers ask for one
  TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE  where servers ask for certificates

Examples:
  tributary tickets list --state new --state open
  tributary explain 20261122001
  tributary tickets reply 20261122001 --text 'Please hold the button for ten seconds.'
  tributary tail tickets.events.v1 --from 10m --no-follow
`;

function versionOf(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/**
 * Runs one command line.
 * @param words What stands behind the command's name.
 * @returns the exit code; everything has been printed.
 */
export async function run(words: readonly string[], context: CliContext): Promise<ExitCode> {
  try {
    await createProgram(context).parseAsync([...words], { from: 'user' });
    return context.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has printed it.
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    }
    if (context.signal.aborted) return exitCodes.interrupted;
    const failure = toFailure(error);
    context.stderr.write(words.includes('--json') ? failureJson(failure) : failureText(failure));
    return failure.exitCode;
  }
}

function failureText({ message, violations }: CommandFailure): string {
  const lines = [message, ...violations.map(({ field, description }) => `  ${field}: ${description}`)];
  return `${plain(lines.join('\n'))}\n`;
}

function failureJson({ code, message, violations, exitCode }: CommandFailure): string {
  return `${JSON.stringify({ error: { code, exitCode, message, violations } })}\n`;
}
