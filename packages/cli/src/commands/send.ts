import { type Command, Option } from 'commander';
import { durationArgument, several } from '../arguments.ts';
import type { CliContext } from '../context.ts';

/** `send …`: writes as a customer would, to try it out. */
export function addSendCommands(program: Command, context: CliContext): void {
  const group = program.command('send').description('write as a customer, to try it out');
  group
    .command('email')
    .description('send a mail to the SMTP listener')
    .option('--from <address>', 'who writes', 'Mei Lin <mei@example.com>')
    .option('--to <address>', 'whom to', 'support@tributary.local')
    .option('--subject <text>', 'the subject', 'A question')
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .option('--attach <file>', 'attach a file; several are allowed', several)
    .option('--in-reply-to <message-id>', 'continue the conversation of this Message-ID')
    .option('--smtp <host:port>', 'the SMTP listener (default localhost:$SMTP_PORT, else localhost:2525)')
    .action(async (_options, command: Command) =>
      (await import('../actions/send-email.ts')).sendEmail(context, command.optsWithGlobals()),
    );
  for (const [medium, what] of [
    ['sms', 'a text message'],
    ['whatsapp', 'a WhatsApp message'],
  ] as const) {
    group
      .command(medium)
      .description(`send ${what} to the simulated Twilio`)
      .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
      .option('--from <number>', "the customer's number", '+12025550143')
      .option('--to <number>', 'our number (default: the first that there is)')
      .option('--attach <file>', 'send a picture or another file; several are allowed', several)
      .addOption(
        new Option('--wait [duration]', 'print what arrives on that telephone meanwhile (5m when no duration is given)')
          .argParser(durationArgument)
          .preset('5m'),
      )
      .option('--simulator <url>', 'the simulator (default $TWILIO_SIMULATOR, else as localhost:$HTTP_PORT says)')
      .action(async (_options, command: Command) =>
        (await import('../actions/send-text.ts')).sendText(context, medium, command.optsWithGlobals()),
      );
  }
  const waitOption = () =>
    new Option('--wait [duration]', 'print what they see of us meanwhile (1m when no duration is given)')
      .argParser(durationArgument)
      .preset('1m');
  const simulatorOption = (provider: string) =>
    [
      '--simulator <url>',
      `the simulator (default $${provider.toUpperCase()}_SIMULATOR, else as localhost:$HTTP_PORT says)`,
    ] as const;
  group
    .command('webhook')
    .description('write on the simulated platform that is joined by the generic webhook')
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .option('--from <name>', 'who writes', 'Mei')
    .option('--public', 'for anyone to read')
    .addOption(waitOption())
    .option(...simulatorOption('webhook'))
    .action(async (_options, command: Command) =>
      (await import('../actions/send-social.ts')).sendWebhook(context, command.optsWithGlobals()),
    );
  group
    .command('weibo')
    .description('write on the simulated Weibo')
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .option('--from <name>', 'who writes', '梅')
    .addOption(
      new Option('--as <what>', 'a post that mentions us, a comment under our post, or a private message')
        .choices(['mention', 'comment', 'message'])
        .default('mention'),
    )
    .addOption(waitOption())
    .option(...simulatorOption('weibo'))
    .action(async (_options, command: Command) =>
      (await import('../actions/send-social.ts')).sendWeibo(context, command.optsWithGlobals()),
    );
  group
    .command('chat')
    .description('write a line in the web chat')
    .requiredOption('--text <text>', "what to say; '-' reads it from standard input")
    .addOption(
      new Option('--wait [duration]', "wait for an agent's answer and print it (5m when no duration is given)")
        .argParser(durationArgument)
        .preset('5m'),
    )
    .option('--name <name>', 'who writes')
    .option('--email <address>', 'their email address')
    .option('--language <tag>', 'their language, for example zh-CN')
    .option('--token <token>', 'go on in an earlier conversation')
    .option('--site <site>', 'which chat site', 'demo')
    .option('--url <url>', 'the chat gateway (default $CHAT_URL, else http://localhost:$HTTP_PORT, else :8080)')
    .action(async (_options, command: Command) =>
      (await import('../actions/send-chat.ts')).sendChat(context, command.optsWithGlobals()),
    );
}
