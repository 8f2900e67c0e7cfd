import { createTransport } from 'nodemailer';
import MailComposer from 'nodemailer/lib/mail-composer/index.js';
import type { CustomerMessage } from './history.ts';
import type { CustomerMail, MailSink } from './mail-sink.ts';
import type { MessageBook } from './message-book.ts';
import { pause } from './pause.ts';
import { phrase } from './phrases.ts';
import type { Random } from './random.ts';

export interface EmailLoadOptions {
  /** Where Tributary takes mail. */
  readonly smtpPort: number;
  /** The address customers write to. */
  readonly supportAddress: string;
  /** Where the customers' own mail arrives. */
  readonly sink: MailSink;
  readonly book: MessageBook;
  readonly random: Random;
  /** Threads under way at once. */
  readonly writers: number;
  /** Aborts when no new mail is to be written; what is begun goes on until it is acknowledged. */
  readonly stopWriting: AbortSignal;
  /** Aborts when even that is to end. */
  readonly giveUp: AbortSignal;
}

/** From one address: below the number of acknowledgements that one sender is given in an hour. */
const mostThreads = 4;

/** One mail as it goes over the wire, the same bytes at every try. */
interface WrittenMail {
  readonly from: string;
  readonly to: string;
  readonly raw: Buffer;
  readonly entry: CustomerMessage;
}

/**
 * Customers who write mails: threads of one to five, some mails sent before the one before was acknowledged, some answering
 * a mail of ours by its reply address alone, some mails twice. Every mail is sent again until it is acknowledged.
 * @returns when every mail is acknowledged or given up.
 */
export async function loadEmail(options: EmailLoadOptions): Promise<void> {
  const threads = { count: 0 };
  const writers = Array.from({ length: options.writers }, (_, index) =>
    writeThreads({ ...options, random: options.random.fork(`writer ${index}`) }, threads),
  );
  await Promise.all(writers);
}

async function writeThreads(options: EmailLoadOptions, threads: { count: number }): Promise<void> {
  const { random, stopWriting } = options;
  const underWay: Promise<void>[] = [];
  let address = '';
  let begun = 0;
  while (!stopWriting.aborted) {
    threads.count += 1;
    // Some begin a second conversation from the same address; it must not end up on the ticket of the first.
    if (begun === 0 || begun === mostThreads || random.chance(0.8)) {
      address = `customer-${threads.count}@mail.example`;
      begun = 0;
    }
    begun += 1;
    await writeThread(options, `thread ${threads.count}`, address, underWay);
    await pause(random.between(20, 300), stopWriting);
  }
  await Promise.all(underWay);
}

async function writeThread(
  options: EmailLoadOptions,
  conversation: string,
  from: string,
  underWay: Promise<void>[],
): Promise<void> {
  const { random, stopWriting } = options;
  const earlier: string[] = [];
  const length = random.between(1, 5);
  for (let number = 1; number <= length && !stopWriting.aborted; number++) {
    const mail = await writeMail(options, conversation, from, number, earlier);
    earlier.push(mail.entry.providerId);
    const sent = Promise.all([
      deliver(mail, options),
      // The same mail at the same moment by another way, as when it was sent to two of our servers.
      random.chance(0.1) ? deliver(mail, options) : undefined,
    ]);
    underWay.push(sent.then(() => repeatLater(mail, options)));
    // The first is always waited for: without it there is no thread that a second could belong to.
    if (number === 1 || random.chance(0.7)) {
      await sent;
      await pause(random.between(20, 300), stopWriting);
    }
  }
}

async function writeMail(
  options: EmailLoadOptions,
  conversation: string,
  from: string,
  number: number,
  earlier: readonly string[],
): Promise<WrittenMail> {
  const { book, random, sink, supportAddress } = options;
  const messageId = `${conversation.replace(' ', '-')}.${number}.${random.between(0, 1e9)}@mail.example`;
  const text = `${phrase(random)} (${conversation}, mail ${number})`;
  const answered = number > 1 && random.chance(0.5) ? lastAnswer(sink.mails, from, earlier) : undefined;
  const { to, references } = addressing(random, supportAddress, earlier, answered);
  const composer = new MailComposer({
    from: { name: `Customer of ${conversation}`, address: from },
    to,
    subject: answered === undefined ? `${number > 1 ? 'Re: ' : ''}About ${conversation}` : `Re: ${answered.subject}`,
    messageId: `<${messageId}>`,
    date: new Date(),
    text,
    ...(references.length > 0 && {
      inReplyTo: `<${references.at(-1)}>`,
      references: references.map((id) => `<${id}>`),
    }),
  });
  const raw = await composer.compile().build();
  const entry = book.add({ channel: 'email', conversation, providerId: messageId, text, pipelined: false });
  return { from, to, raw, entry };
}

/** How mail clients answer: with all references, with the last one only, or with none but to the address they were given. */
function addressing(
  random: Random,
  supportAddress: string,
  earlier: readonly string[],
  answered: CustomerMail | undefined,
): { to: string; references: readonly string[] } {
  if (answered === undefined) return { to: supportAddress, references: earlier };
  const how = random.pick(['all references', 'last reference', 'address only'] as const);
  if (how === 'all references') {
    return { to: answered.replyTo, references: [...answered.references, answered.messageId] };
  }
  return { to: answered.replyTo, references: how === 'last reference' ? [answered.messageId] : [] };
}

function lastAnswer(
  mails: readonly CustomerMail[],
  customer: string,
  earlier: readonly string[],
): CustomerMail | undefined {
  return mails.findLast(({ to, references }) => to === customer && references.some((id) => earlier.includes(id)));
}

interface SendError extends Error {
  readonly responseCode?: number;
  readonly command?: string;
  readonly code?: string;
}

/** Sends a mail until it is acknowledged, refused for good, or given up. */
async function deliver(mail: WrittenMail, options: EmailLoadOptions): Promise<void> {
  const { book, giveUp, random, smtpPort } = options;
  while (!giveUp.aborted) {
    const transport = createTransport({
      host: '127.0.0.1',
      port: smtpPort,
      secure: false,
      ignoreTLS: true,
      connectionTimeout: 5000,
      greetingTimeout: 5000,
      socketTimeout: 30_000,
    });
    try {
      await transport.sendMail({ envelope: { from: mail.from, to: [mail.to] }, raw: mail.raw });
      mail.entry.sends += 1;
      book.acknowledge(mail.entry);
      return;
    } catch (error) {
      const { responseCode, message, command, code } = error as SendError;
      mail.entry.failures.push([command, responseCode ?? code ?? message].join(' '));
      if (command !== 'CONN') mail.entry.sends += 1;
      if (responseCode !== undefined && responseCode >= 500) {
        book.refusals.push(`mail ${mail.entry.providerId} was refused: ${message}`);
        return;
      }
    } finally {
      transport.close();
    }
    await pause(random.between(100, 800), giveUp);
  }
}

/** Some senders never learn that we had it and come again, minutes later. */
async function repeatLater(mail: WrittenMail, options: EmailLoadOptions): Promise<void> {
  const { random, stopWriting } = options;
  if (!random.chance(0.15)) return;
  await pause(random.between(500, 8000), stopWriting);
  await deliver(mail, options);
}
