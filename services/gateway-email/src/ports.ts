import type { BlobRef, Refusal } from '@tributary/contracts';
import type { HeaderFields } from './domain/header-block.ts';

/** Name and address of someone in a header; the address in lower case, empty when there is none. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

export interface MailAttachment {
  readonly blob: BlobRef;
  readonly name: string;
  readonly contentId: string;
}

/** A mail taken apart. */
export interface ParsedMail {
  readonly fields: HeaderFields;
  readonly subject: string;
  readonly from: readonly Mailbox[];
  /** To and Cc. */
  readonly recipients: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  /** The plain text parts, or the words of the HTML where a part has no plain text. */
  readonly text: string;
  /** As it came: not safe to show. */
  readonly html: string;
  readonly attachments: readonly MailAttachment[];
  /** Content-Type of the whole, lower case, with parameters. */
  readonly contentType: string;
  /** Media types of all parts. */
  readonly partTypes: readonly string[];
  /** The machine-readable part of a bounce (message/delivery-status). */
  readonly deliveryReport: string | undefined;
  /** Header blocks of mails that came along (message/rfc822, text/rfc822-headers). */
  readonly enclosedHeads: readonly string[];
  readonly refusals: readonly Refusal[];
  /** Of the body and the headers that every delivery of the same mail shares; lower-case hexadecimal. */
  readonly fingerprint: string;
}

export interface MailLimits {
  /** Bytes of a whole mail. A larger one is refused by SMTP; from a mailbox only its beginning is read. */
  readonly maxMailBytes: number;
  readonly maxAttachmentBytes: number;
  readonly maxParts: number;
  /** How deep parts may lie within each other. */
  readonly maxDepth: number;
  /** Characters of text and of HTML. */
  readonly maxTextLength: number;
}

/** The blob store does not answer: the mail is not to blame, and is tried again. */
export class StorageFault extends Error {
  override readonly name = 'StorageFault';
}

/** Takes a mail apart. Rejects with StorageFault, or with anything else when the mail cannot be read at all. */
export type ParseMail = (source: AsyncIterable<Uint8Array>) => Promise<ParsedMail>;
