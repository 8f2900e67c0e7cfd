import type { Command } from 'commander';
import { several } from '../arguments.ts';
import type { CliContext } from '../context.ts';

/** `send …`: writes as a customer would, to try it out. */
export function addSendCommands(program: Command, context: CliContext): void {
  const group = program.command('send').description('write as a customer, to try it out');
  group
    .command('email')
    .description('send a mail to the SMTP listener')
    .option('--from <address>', 'who writes', 'Mei Lin <mei@example.com>')
    .option('--to <address>', 'whom to', 'support@localhost')
    .option('--subject <text>', 'the subject', 'A question')
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .option('--attach <file>', 'attach a file; several are allowed', several)
    .option('--in-reply-to <message-id>', 'continue the conversation of this Message-ID')
    .option('--smtp <host:port>', 'the SMTP listener (default localhost:$SMTP_PORT, else localhost:2525)')
    .action(async (_options, command: Command) =>
      (await import('../actions/send-email.ts')).sendEmail(context, command.optsWithGlobals()),
    );
}
