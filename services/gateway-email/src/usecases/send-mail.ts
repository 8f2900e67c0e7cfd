import type { Readable } from 'node:stream';
import type { BlobStore } from '@tributary/blobstore';
import { type OutboundMessage, OutboundPurpose } from '@tributary/contracts';
import { PermanentSendError, type SentMessage } from '@tributary/gateway-kit';
import { isMailerDaemon, loopHeader } from '../domain/automatic-mail.ts';
import { plainTextToHtml } from '../domain/html.ts';
import { type KeyedHash, replyAddress } from '../domain/reply-token.ts';
import { messageIdOf, shortened } from '../domain/threading.ts';

/** A mail ready to go out. */
export interface OutgoingMail {
  /** `from` empty: the null sender, to which nothing bounces and nobody answers. */
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly from: { readonly name: string; readonly address: string };
  readonly to: readonly { readonly name: string; readonly address: string }[];
  readonly replyTo: string;
  readonly subject: string;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly inReplyTo: string | undefined;
  readonly references: readonly string[];
  readonly date: Date;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly {
    readonly filename: string;
    readonly contentType: string;
    readonly cid: string | undefined;
    readonly content: Readable;
  }[];
}

/** Gives a mail to a mail server or a folder. Fails with the errors of gateway-kit. */
export type DeliverMail = (account: string, mail: OutgoingMail) => Promise<void>;

/** One of our mail addresses, as far as sending needs it. */
export interface SendingAccount {
  readonly address: string;
  readonly name: string;
}

export interface SendMailOptions {
  /** By address, lower case. */
  readonly accounts: ReadonlyMap<string, SendingAccount>;
  readonly blobStore: BlobStore;
  readonly hash: KeyedHash;
  readonly deliver: DeliverMail;
}

/** Sends one outbound message as a mail. Every try is the same mail, with the same Message-ID. */
export function createMailSending(options: SendMailOptions): (message: OutboundMessage) => Promise<SentMessage> {
  const { accounts, blobStore } = options;
  return async (message) => {
    const account = accounts.get(message.account.toLowerCase());
    if (account === undefined) throw new PermanentSendError(`there is no email account ${message.account}`);
    const domain = account.address.slice(account.address.lastIndexOf('@') + 1);
    const automatic = isAutomatic(message.purpose);
    const to = message.recipients
      .filter(({ address }) => /^[^\s@]+@[^\s@]+$/.test(address))
      // An automatic mail to a machine or to ourselves is the beginning of a loop.
      .filter(({ address }) => !automatic || !(isMailerDaemon(address) || accounts.has(address.toLowerCase())))
      .map(({ address, displayName }) => ({ name: oneLine(displayName), address }));
    if (to.length === 0) throw new PermanentSendError('no recipient has an address that may be written to');
    const attachments = await Promise.all(
      message.attachments.map(async ({ blob, name, contentId }) => {
        const content = blob === undefined ? undefined : await blobStore.get(blob.key);
        if (content === undefined)
          throw new PermanentSendError(`the attachment ${name || blob?.key} is not in the store`);
        return {
          filename: oneLine(name) || 'attachment',
          contentType: blob?.mediaType || 'application/octet-stream',
          cid: contentId === '' ? undefined : contentId,
          content,
        };
      }),
    );
    const messageId = messageIdOf(message.id, domain);
    const replyTo =
      message.ticketId === '' ? account.address : replyAddress(account.address, message.ticketId, options.hash);
    const mail: OutgoingMail = {
      envelope: { from: automatic ? '' : replyTo, to: to.map(({ address }) => address) },
      from: { name: fromName(message, account), address: account.address },
      to,
      replyTo,
      subject: subjectOf(message),
      messageId,
      inReplyTo: message.references.at(-1),
      references: shortened(message.references),
      date: message.createdTime ?? new Date(0),
      headers: headersOf(message, messageId, automatic),
      text: message.text,
      html: message.html || plainTextToHtml(message.text),
      attachments,
    };
    try {
      await options.deliver(account.address, mail);
    } finally {
      // What was not read to its end would stay open.
      for (const { content } of attachments) content.destroy();
    }
    return { providerMessageId: messageId };
  };
}

function isAutomatic(purpose: OutboundPurpose): boolean {
  return purpose !== OutboundPurpose.OUTBOUND_PURPOSE_REPLY && purpose !== OutboundPurpose.OUTBOUND_PURPOSE_UNSPECIFIED;
}

/** RFC 3834, and what Exchange looks at instead of it. */
function headersOf(message: OutboundMessage, messageId: string, automatic: boolean): Record<string, string> {
  const headers: Record<string, string> = { [loopHeader]: messageId };
  if (message.language !== '') headers['content-language'] = message.language;
  if (automatic) {
    const answers = message.purpose === OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT;
    headers['auto-submitted'] = answers ? 'auto-replied' : 'auto-generated';
    headers['x-auto-response-suppress'] = 'All';
  }
  return headers;
}

function fromName(message: OutboundMessage, account: SendingAccount): string {
  const name = message.authorName === '' ? account.name : `${message.authorName} (${account.name})`;
  return oneLine(name);
}

/** `Re: …` once and the ticket's number once, however often the subject has been there and back. */
function subjectOf(message: OutboundMessage): string {
  const subject = oneLine(message.subject).replace(/^(?:(?:re|aw|antw|sv|回复|回覆|答复)\s*[:：]\s*)+/i, '');
  const answer = message.references.length > 0 && subject !== '' ? `Re: ${subject}` : subject;
  const tag = `[#${message.ticketNumber}]`;
  return message.ticketNumber === '' || answer.includes(tag) ? answer : `${answer} ${tag}`.trim();
}

function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, ' ').trim();
}
