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
import type { Mailbox, MailLimits, ParsedMail } from '../ports.ts';

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

/** What a mail says, before anything is looked up: its message has no conversation, time or raw mail yet. */
export interface DescribedMail {
  readonly message: InboundMessage;
  readonly place: ThreadPlace;
  /** It is a bounce that says more than that a delivery takes long. */
  readonly deliveryFailed: boolean;
}

export interface DescribeMailOptions {
  readonly limits: MailLimits;
  readonly hash: KeyedHash;
  /** Of all accounts, lower case. */
  readonly ourAddresses: readonly string[];
  readonly ourDomains: readonly string[];
  /** authserv-ids whose results count, lower case. */
  readonly trustedServers: readonly string[];
  readonly regionOf: (account: string) => string;
}

const maxParticipants = 100;
const maxRefusals = 50;
const maxSubjectLength = 998;

/** From a mail taken apart to the message everyone gets. */
export function createMailDescriber(
  options: DescribeMailOptions,
): (mail: ParsedMail, arrival: Arrival) => DescribedMail {
  const { limits, ourAddresses, ourDomains } = options;

  function messageOf(mail: ParsedMail, arrival: Arrival): DescribedMail {
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
      const { failed: _failed, ...report } = bounce;
      message.bounce = report;
    }
    return { message, place, deliveryFailed: bounce?.failed ?? false };
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

  return messageOf;
}

/** A message for a mail that could not be taken apart: who and what as far as its first lines say. */
export function unreadable(
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
export function withoutContent(message: InboundMessage, reason: string): InboundMessage {
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

/** The conversation that begins with the mail of this id. */
export function conversationKey(root: string): string {
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
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : text.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}
