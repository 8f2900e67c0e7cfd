import type { BlobStore, StoredBlob } from '@tributary/blobstore';
import {
  Automatic,
  type BlobRef,
  hashId,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { LogRefusedError } from '@tributary/eventlog';
import type { Intake, Sender } from '@tributary/gateway-kit';
import type { Clock, Logger } from '@tributary/runtime';
import { type Automatic as AutomaticKind, classifyMail, loopHeader } from '../domain/automatic-mail.ts';
import { readBounce } from '../domain/bounce.ts';
import {
  allFields,
  endOfHead,
  firstField,
  type HeaderFields,
  parseHeaderFields,
  readableHead,
} from '../domain/header-block.ts';
import { sanitiseMailHtml } from '../domain/html.ts';
import { separateQuoted } from '../domain/quoted-text.ts';
import { type KeyedHash, ticketOfAddresses, withoutTag } from '../domain/reply-token.ts';
import { isSenderProven } from '../domain/sender-verification.ts';
import { isAnswer, outboundIdOf, rootOf, type ThreadPlace, threadPlace } from '../domain/threading.ts';
import { type Mailbox, type MailLimits, type ParsedMail, type ParseMail, StorageFault } from '../ports.ts';

/** How a mail reached us. */
export interface Arrival {
  /** Our address that got it; the first when there are several. */
  readonly account: string;
  /** SMTP envelope; undefined from a mailbox. */
  readonly envelope?: { readonly sender: string; readonly recipients: readonly string[] };
  /** Authentication-Results in it were written by our own mail server. */
  readonly trusted: boolean;
  /** Its size in bytes when only the beginning could be taken. */
  readonly cutFrom?: number;
}

/** A mail's bytes: in memory when small, otherwise already in the blob store. */
export type RawMail = { readonly bytes: Uint8Array } | { readonly blob: StoredBlob };

export interface MailAcceptance {
  /**
   * Turns a mail into the message everyone gets. A mail that cannot be read becomes a message all the same, with the raw
   * mail and a note. Rejects only when the blob store does not answer.
   */
  normalise(mail: RawMail, arrival: Arrival): Promise<InboundMessage>;
  /** The same for a mail that must not be read, for `reason`. */
  keepUnread(mail: RawMail, arrival: Arrival, reason: string): Promise<InboundMessage>;
  /** Puts normalised mails into the log; resolves when they are durable there. */
  accept(messages: readonly InboundMessage[]): Promise<void>;
}

export interface MailAcceptanceOptions {
  readonly intake: Intake;
  readonly sender: Pick<Sender, 'find' | 'conversationOfTicket' | 'reportBounce'>;
  readonly blobStore: BlobStore;
  readonly parse: ParseMail;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: MailLimits;
  readonly hash: KeyedHash;
  /** Of all accounts, lower case. */
  readonly ourAddresses: readonly string[];
  /** authserv-ids whose results count, lower case. */
  readonly trustedServers: readonly string[];
  readonly regionOf: (account: string) => string;
}

const maxParticipants = 100;
const maxRefusals = 50;
const maxSubjectLength = 998;

/** What the gateway does with each mail that comes in, from a mailbox or by SMTP. */
export function createMailAcceptance(options: MailAcceptanceOptions): MailAcceptance {
  const { blobStore, clock, logger, limits, ourAddresses } = options;
  const ourDomains = [...new Set(ourAddresses.map((address) => address.slice(address.lastIndexOf('@') + 1)))];
  /** Bounces that say more than that a delivery takes long. */
  const failedDeliveries = new WeakSet<InboundMessage>();
  /** Mails that could not be read, and why. */
  const unreadMails = new WeakMap<InboundMessage, string>();

  async function normalise(mail: RawMail, arrival: Arrival): Promise<InboundMessage> {
    const reading = options.parse(contentOf(mail, blobStore)).then((parsed) => messageOf(parsed, arrival));
    const [raw, read] = await Promise.all([keep(mail), reading.catch((error: unknown) => error as Error)]);
    if (read instanceof StorageFault) throw read;
    if (read instanceof Error) {
      logger.error({ err: read, blob: raw.key }, 'a mail could not be read; it is kept as it came');
      return unread(mail, arrival, raw, read.message);
    }
    const { message, place } = read;
    message.conversationKey = await conversationOf(message, place);
    message.raw = raw;
    message.receivedTime = new Date(clock.now());
    return message;
  }

  async function unread(mail: RawMail, arrival: Arrival, raw: BlobRef, reason: string): Promise<InboundMessage> {
    const beginning = await beginningOf(mail, blobStore);
    const message = unreadable(beginning, reason, arrival, raw, new Date(clock.now()));
    unreadMails.set(message, reason);
    return message;
  }

  async function keep(mail: RawMail): Promise<BlobRef> {
    const blob = 'blob' in mail ? mail.blob : await blobStore.put(mail.bytes);
    return { key: blob.key, sha256: blob.sha256, size: BigInt(blob.size), mediaType: 'message/rfc822' };
  }

  /** Everything but what has to be looked up. */
  function messageOf(mail: ParsedMail, arrival: Arrival): { message: InboundMessage; place: ThreadPlace } {
    const { fields } = mail;
    const place = threadPlace(fields);
    const id = inboundMessageId('email', '', `${place.messageId}:${mail.fingerprint}`);
    const [from = nobody] = mail.from;
    const named = addressesNamed(mail, arrival);
    const replyToTicketId = ticketOfAddresses(named, options.hash) ?? '';
    const refusals = [...mail.refusals];
    if (arrival.cutFrom !== undefined) {
      const reason = `the mail has ${arrival.cutFrom} bytes; only the first ${limits.maxMailBytes} were taken`;
      refusals.push({ what: 'the end of the mail', reason });
    }
    const html = safeHtml(mail.html, refusals);
    const others = mail.recipients.filter(({ address }) => !ourAddresses.includes(withoutTag(address)));
    if (others.length > maxParticipants) {
      refusals.push({
        what: 'recipients',
        reason: `${others.length} recipients; the first ${maxParticipants} were kept`,
      });
    }
    const automatic = classifyMail({
      fields,
      senderAddress: from.address,
      subject: mail.subject,
      envelopeSender: arrival.envelope?.sender,
      contentType: mail.contentType,
      partTypes: mail.partTypes,
      ourAddresses,
      markedAsOurs: [place.messageId, firstField(fields, loopHeader) ?? ''].some(
        (mark) => outboundIdOf(mark, ourDomains) !== undefined,
      ),
    });
    const bounce =
      automatic === 'bounce'
        ? readBounce(mail.deliveryReport, mail.text, mail.enclosedHeads, place.references, ourDomains)
        : undefined;
    // Only an answer quotes; a bounce holds a whole mail that is not its writer's.
    const separated =
      automatic !== 'bounce' && isAnswer(place, mail.subject)
        ? separateQuoted(mail.text)
        : { text: mail.text.trimEnd(), quoted: '' };
    const providerTime = dateOf(firstField(fields, 'date'));
    const attributes: Record<string, string> = {};
    const [replyTo] = mail.replyTo;
    if (replyTo !== undefined && replyTo.address !== '' && replyTo.address !== from.address) {
      attributes.reply_to = replyTo.address;
    }
    const message = InboundMessage.fromPartial({
      id,
      channel: 'email',
      account: arrival.account,
      providerMessageId: place.messageId,
      sender: contactPoint(from, arrival.trusted && isSenderProven(fields, from.address, options.trustedServers)),
      participants: others.slice(0, maxParticipants).map((mailbox) => contactPoint(mailbox, false)),
      subject: shorten(mail.subject, maxSubjectLength),
      text: kept('text', separated.text, refusals),
      quotedText: kept('quoted text', separated.quoted, refusals),
      html,
      attachments: mail.attachments.map((attachment) => ({ ...attachment })),
      references: [...place.references],
      replyToTicketId,
      kind: MessageKind.MESSAGE_KIND_MESSAGE,
      visibility: Visibility.VISIBILITY_PRIVATE,
      automatic: automaticOf[automatic],
      languageHint: languageOf(firstField(fields, 'content-language')),
      regionHint: options.regionOf(arrival.account),
      refusals: refusals.slice(0, maxRefusals),
      attributes,
    });
    if (providerTime !== undefined) message.providerTime = providerTime;
    if (bounce !== undefined) {
      const { failed, ...report } = bounce;
      message.bounce = report;
      if (failed) failedDeliveries.add(message);
    }
    return { message, place };
  }

  /**
   * A proved answer goes where its ticket's conversation is; one that names a mail of ours, where that mail belongs; any
   * other by its root, which does not contain the account: one mail to two of our addresses is one conversation.
   */
  async function conversationOf(message: InboundMessage, place: ThreadPlace): Promise<string> {
    if (message.replyToTicketId !== '') {
      const conversation = await options.sender.conversationOfTicket(message.replyToTicketId);
      if (conversation !== undefined) return conversation;
    }
    const named = [...place.references].reverse().map((id) => outboundIdOf(id, ourDomains) ?? '');
    for (const outboundId of [message.bounce?.outboundMessageId ?? '', ...named]) {
      const row = outboundId === '' ? undefined : await options.sender.find(outboundId);
      if (row !== undefined) return row.conversationKey;
    }
    return conversationKey(rootOf(place) ?? message.id);
  }

  function safeHtml(html: string, refusals: { what: string; reason: string }[]): string {
    if (html === '') return '';
    if (html.length > limits.maxTextLength * 4) {
      refusals.push({ what: 'HTML', reason: `longer than ${limits.maxTextLength * 4} characters; the text was kept` });
      return '';
    }
    const safe = sanitiseMailHtml(html);
    if ('refused' in safe || safe.html.length > limits.maxTextLength) {
      const reason = 'refused' in safe ? safe.refused : `longer than ${limits.maxTextLength} characters`;
      refusals.push({ what: 'HTML', reason: `${reason}; the text was kept` });
      return '';
    }
    return safe.html;
  }

  function kept(what: string, text: string, refusals: { what: string; reason: string }[]): string {
    if (text.length <= limits.maxTextLength) return text;
    const reason = `longer than ${limits.maxTextLength} characters; the beginning was kept`;
    if (!refusals.some((refusal) => refusal.what === what)) refusals.push({ what, reason });
    return shorten(text, limits.maxTextLength);
  }

  /** Where the mail says it went, for the token in our address. */
  function addressesNamed(mail: ParsedMail, arrival: Arrival): string[] {
    const headers = allFields(mail.fields, 'delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to');
    return [
      ...(arrival.envelope?.recipients ?? []),
      ...mail.recipients.slice(0, 1000).map(({ address }) => address),
      ...headers.map((value) => value.replace(/^.*<|>.*$/g, '')),
    ].filter((address) => address.includes('+') && ourAddresses.includes(withoutTag(address.toLowerCase())));
  }

  /** A message that the log will never take goes without its content: it must not hold up the others for ever. */
  async function accept(messages: readonly InboundMessage[]): Promise<void> {
    try {
      await options.intake.accept(...messages);
    } catch (error) {
      if (!(error instanceof LogRefusedError)) throw error;
      const [only] = messages;
      if (messages.length > 1) {
        for (const message of messages) await accept([message]);
      } else if (only !== undefined) {
        logger.error({ err: error, messageId: only.id }, 'the log refuses a mail; it goes without its content');
        const reason = `the log refuses it: ${shorten(error.message, 300)}`;
        unreadMails.set(only, reason);
        await options.intake.accept(withoutContent(only, reason));
      }
    }
  }

  return {
    normalise,
    async keepUnread(mail, arrival, reason) {
      return unread(mail, arrival, await keep(mail), reason);
    },
    async accept(messages) {
      await accept(messages);
      for (const message of messages) {
        const cause = unreadMails.get(message);
        if (cause !== undefined) await options.intake.deadLetter(withoutContent(message, cause), cause);
        const { bounce } = message;
        if (bounce === undefined || bounce.outboundMessageId === '' || !failedDeliveries.has(message)) continue;
        await options.sender.reportBounce(bounce.outboundMessageId, {
          recipient: bounce.recipient,
          reason: bounce.diagnostic || 'The mail came back.',
          providerCode: bounce.status,
        });
      }
    },
  };
}

/** A message for a mail that could not be taken apart: who and what as far as its first lines say. */
function unreadable(
  beginning: Uint8Array,
  cause: string,
  arrival: Arrival,
  raw: BlobRef,
  receivedTime: Date,
): InboundMessage {
  const fields: HeaderFields = parseHeaderFields(
    readableHead(beginning.subarray(0, endOfHead(beginning) ?? beginning.length)),
  );
  const place = threadPlace(fields);
  const from = firstField(fields, 'from') ?? '';
  const address = from.match(/[^\s<>"(),;:]+@[^\s<>"(),;:]+/)?.[0]?.toLowerCase() ?? '';
  const id = inboundMessageId('email', '', `${place.messageId}:${raw.sha256}`);
  return InboundMessage.fromPartial({
    id,
    channel: 'email',
    account: arrival.account,
    providerMessageId: place.messageId,
    conversationKey: conversationKey(rootOf(place) ?? id),
    sender: contactPoint({ name: '', address }, false),
    subject: shorten(firstField(fields, 'subject') ?? '', maxSubjectLength),
    references: [...place.references],
    kind: MessageKind.MESSAGE_KIND_MESSAGE,
    visibility: Visibility.VISIBILITY_PRIVATE,
    // Nobody knows what it is; a machine must not be answered.
    automatic: Automatic.AUTOMATIC_GENERATED,
    receivedTime,
    raw,
    refusals: [{ what: 'the whole mail', reason: `it could not be read: ${shorten(cause, 300)}` }],
  });
}

/** What remains is small: who, what it belongs to, and the raw mail. */
function withoutContent(message: InboundMessage, reason: string): InboundMessage {
  const content = {
    subject: '',
    text: '',
    quotedText: '',
    html: '',
    attachments: [],
    participants: [],
    references: [],
  };
  return { ...message, ...content, attributes: {}, refusals: [{ what: 'the content', reason }] };
}

const automaticOf: Readonly<Record<AutomaticKind, Automatic>> = {
  none: Automatic.AUTOMATIC_NONE,
  reply: Automatic.AUTOMATIC_REPLY,
  bounce: Automatic.AUTOMATIC_BOUNCE,
  list: Automatic.AUTOMATIC_LIST,
  own: Automatic.AUTOMATIC_OWN,
  generated: Automatic.AUTOMATIC_GENERATED,
};

const nobody: Mailbox = { name: '', address: '' };

function contactPoint({ name, address }: Mailbox, proven: boolean) {
  return {
    kind: 'email',
    address: shorten(address, 320),
    displayName: shorten(name, 200),
    verification: proven ? Verification.VERIFICATION_PROVEN : Verification.VERIFICATION_CHANNEL,
  };
}

function conversationKey(root: string): string {
  return `email:${hashId('conversation', root)}`;
}

/** The sender's date. Years that no mail can be from count as none. */
function dateOf(value: string | undefined): Date | undefined {
  const date = new Date((value ?? '').replace(/\([^()]*\)/g, ' ').trim());
  const year = date.getUTCFullYear();
  return year >= 1970 && year < 2200 ? date : undefined;
}

function languageOf(value: string | undefined): string {
  return value?.match(/^[a-z]{2,3}(?:-[a-z0-9]{2,8})*/i)?.[0] ?? '';
}

/** Cut without leaving half a character. */
function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}

async function* contentOf(mail: RawMail, blobStore: BlobStore): AsyncGenerator<Uint8Array> {
  if ('bytes' in mail) return yield mail.bytes;
  try {
    const content = await blobStore.get(mail.blob.key);
    if (content === undefined) throw new Error('the raw mail is not in the blob store');
    yield* content as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new StorageFault('the raw mail cannot be read back', { cause: error });
  }
}

async function beginningOf(mail: RawMail, blobStore: BlobStore): Promise<Uint8Array> {
  if ('bytes' in mail) return mail.bytes.subarray(0, 64 * 1024);
  for await (const chunk of contentOf(mail, blobStore)) return chunk;
  return new Uint8Array();
}
