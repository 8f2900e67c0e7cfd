import { type Command, Option } from 'commander';
import type { SendSocialOptions } from '../actions/send-social.ts';
import { durationArgument, integerArgument, several } from '../arguments.ts';
import type { CliContext } from '../context.ts';

/** Social platforms that a simulator plays, and what a customer can do there beside writing. */
const platforms: readonly {
  /** Default: the platform's name. */
  readonly command?: string;
  readonly platform: string;
  /** What is written there. Default: a message. */
  readonly act?: string;
  readonly title: string;
  readonly from: string;
  /** What `from` is. */
  readonly of: string;
  readonly extras: () => readonly Option[];
}[] = [
  {
    ...{ platform: 'telegram', title: 'the simulated Telegram', from: '501', of: "the customer's Telegram user id" },
    extras: () => [attachOption(), pressOption()],
  },
  {
    ...{ platform: 'wechat', title: 'the simulated WeChat', from: 'oMei_501', of: "the customer's OpenID" },
    extras: () => [attachOption(), pressOption()],
  },
  {
    ...{ platform: 'weibo', title: 'the simulated Weibo', from: '梅', of: 'who writes' },
    extras: () => [
      new Option('--as <what>', 'a post that mentions us, a comment under our post, or a private message')
        .choices(['mention', 'comment', 'message'])
        .default('mention'),
    ],
  },
  {
    ...{ command: 'review', platform: 'app-store', act: 'review', title: 'a simulated app store, in public' },
    ...{ from: 'Mei', of: 'who reviews; writing again changes the review' },
    extras: () => [
      new Option('--on <store>', 'the store').choices(['app-store', 'google-play']).default('app-store'),
      new Option('--stars <number>', '1 to 5').argParser(integerArgument(1, 5)).default(1),
      new Option('--title <text>', "the review's title"),
    ],
  },
  {
    ...{
      command: 'mention',
      platform: 'feeds',
      act: 'mention',
      title: 'the simulated blog, whose feed is listened to',
    },
    ...{ from: 'Bo', of: 'who posts' },
    extras: () => [],
  },
  {
    ...{ platform: 'webhook', title: 'the simulated platform that is joined by the generic webhook', from: 'Mei' },
    of: 'who writes',
    extras: () => [new Option('--public', 'for anyone to read')],
  },
];

function attachOption(): Option {
  return new Option('--attach <file>', 'send a picture or another file; several are allowed').argParser(several);
}

function pressOption(): Option {
  return new Option('--press <data>', 'press a button, or a menu entry, with this data instead');
}

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
  for (const { platform, command: name = platform, act, title, from, of, extras } of platforms) {
    const command = group
      .command(name)
      .description(`write as a customer on ${title}`)
      .option('--text <text>', "what to say; '-' reads it from standard input")
      .option('--from <id>', of, from)
      .addOption(
        new Option('--wait [duration]', 'print what they see of us meanwhile (5m when no duration is given)')
          .argParser(durationArgument)
          .preset('5m'),
      )
      .option(
        '--simulator <url>',
        `the simulator (default $${platform.toUpperCase().replaceAll('-', '_')}_SIMULATOR, else as localhost:$HTTP_PORT says)`,
      )
      .action(async (_options, command: Command) => {
        const { sendSocial } = await import('../actions/send-social.ts');
        const options = command.optsWithGlobals<SendSocialOptions>();
        await sendSocial(context, platform, act === undefined ? options : { ...options, as: act });
      });
    for (const option of extras()) command.addOption(option);
  }
  group
    .command('call')
    .description('call the hotline of the simulated Twilio')
    .option('--keys <keys>', "pressed one after the other, for example '111'; '.' presses none in time", '')
    .option('--text <text>', "said once somebody or a recording listens; '-' reads it from standard input")
    .option('--from <number>', "the customer's number", '+12025550143')
    .option('--to <number>', 'our number (default: the first that there is)')
    .option('--take', 'play the agent as well: pick up the telephone that is rung and take the call')
    .addOption(
      new Option('--wait [duration]', 'stay on the line so long, then hang up (5m when no duration is given)')
        .argParser(durationArgument)
        .preset('5m'),
    )
    .option('--simulator <url>', 'the simulator (default $TWILIO_SIMULATOR, else as localhost:$HTTP_PORT says)')
    .action(async (_options, command: Command) =>
      (await import('../actions/send-call.ts')).sendCall(context, command.optsWithGlobals()),
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
