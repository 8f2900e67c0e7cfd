import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { type BlobStore, BlobTooLargeError } from '@tributary/blobstore';
import type { Refusal } from '@tributary/contracts';
import type { Clock } from '@tributary/runtime';
import type { AddressObject, AttachmentStream, EmailAddress, Headers } from 'mailparser';
import { decodeText } from '../domain/charset.ts';
import { firstField, parseHeaderFields, readableHead } from '../domain/header-block.ts';
import { htmlToPlainText } from '../domain/html.ts';
import { type MailAttachment, type Mailbox, type MailLimits, type ParseMail, StorageFault } from '../ports.ts';
import { BoundedParser } from './bounded-parser.ts';
import { linesOf, takeHead } from './mail-stream.ts';

/** A parser that has not come on for so long never will; the mail counts as unreadable. */
const stuckAfterMs = 60_000;

/** Takes mails apart with mailparser; attachments stream into the blob store. */
export function createMailparserParser(blobStore: BlobStore, limits: MailLimits, clock: Clock): ParseMail {
  return async (source) => {
    const mail = new BoundedParser(limits);
    const giveUp = () => mail.destroy(new Error(`the parser made no progress for ${stuckAfterMs} ms`));
    let watchdog = clock.setTimer(stuckAfterMs, giveUp);
    const attachments: MailAttachment[] = [];
    const enclosedHeads: string[] = [];
    let deliveryReport: string | undefined;

    const { head, rest } = await takeHead(source);
    const readable = readableHead(head);
    const fields = parseHeaderFields(readable);
    /** The first of the body, for a mail whose parts cannot be found. */
    const bodyBeginning: Uint8Array[] = [];
    const fingerprint = createHash('sha256');
    if (fields.length === 0) fingerprint.update(readable);
    // Not Received, Delivered-To, Return-Path and the like: they differ between two deliveries of one mail.
    for (const name of ['from', 'date', 'subject']) fingerprint.update(`${firstField(fields, name) ?? ''}\0`);

    const input = Readable.from(
      (async function* () {
        // Without a single field it is all body.
        yield Buffer.from(fields.length === 0 ? `\r\n${readable}` : readable);
        let pendingLines = 0;
        let kept = 0;
        for await (const chunk of rest) {
          yield chunk;
          if (kept < beginningBytes) bodyBeginning.push(chunk.subarray(0, beginningBytes - kept));
          kept += chunk.length;
          // Line ends are left out, for mail servers change them; so is their number at the end.
          for (const part of linesOf(chunk)) {
            if (part.length > 0) {
              fingerprint.update('\n'.repeat(pendingLines)).update(part);
              pendingLines = 0;
            } else pendingLines += 1;
          }
        }
      })(),
      { objectMode: false },
    );
    input.on('error', (error) => mail.destroy(error));
    input.pipe(mail);
    try {
      for await (const item of mail as AsyncIterable<AttachmentStream | { type: 'text' }>) {
        if (item.type !== 'attachment') continue;
        // The blob store may take its time; that is not the mail's fault.
        watchdog[Symbol.dispose]();
        const keep = await keepAttachment(item, blobStore, limits, mail.refusals);
        watchdog = clock.setTimer(stuckAfterMs, giveUp);
        item.release?.();
        if (keep === undefined) continue;
        const { beginning, attachment } = keep;
        if (item.contentType === 'message/delivery-status') deliveryReport ??= beginning;
        if (item.contentType === 'message/rfc822' || item.contentType === 'text/rfc822-headers') {
          enclosedHeads.push(beginning);
        }
        attachments.push(attachment);
      }
    } finally {
      watchdog[Symbol.dispose]();
      input.destroy();
    }
    const headers: Headers = mail.headers === false ? new Map() : mail.headers;
    const html = mail.html === false ? '' : mail.html;
    let text = mail.text === false ? '' : mail.text;
    if (mail.partTypes.length <= 1 && text === '' && html === '' && attachments.length === 0) {
      text = decodeText(Buffer.concat(bodyBeginning), undefined).text.trim();
    }
    return {
      fields,
      subject: stringHeader(headers, 'subject'),
      from: mailboxes(headers, 'from', 'sender'),
      recipients: [...mailboxes(headers, 'to'), ...mailboxes(headers, 'cc')],
      replyTo: mailboxes(headers, 'reply-to'),
      text: html !== '' && (mail.htmlStandsAlone || text.trim() === '') ? htmlToPlainText(html) : text,
      html,
      attachments,
      contentType: (firstField(fields, 'content-type') ?? '').toLowerCase(),
      partTypes: mail.partTypes,
      deliveryReport,
      enclosedHeads,
      refusals: mail.refusals,
      fingerprint: fingerprint.digest('hex'),
    };
  };
}

const beginningBytes = 64 * 1024;

/** Stores an attachment. Undefined when it is too large or empty of everything; `refusals` then says so. */
async function keepAttachment(
  part: AttachmentStream,
  blobStore: BlobStore,
  limits: MailLimits,
  refusals: Refusal[],
): Promise<{ beginning: string; attachment: MailAttachment } | undefined> {
  const name = fileName(part.filename ?? '');
  // Read to its end or not, an error in it must not end the process.
  part.content.on('error', () => {});
  const beginning: Buffer[] = [];
  let read = 0;
  async function* content(): AsyncGenerator<Uint8Array> {
    // The parser goes on writing into the stream after a refusal, so it must not be destroyed.
    for await (const chunk of part.content.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (read < beginningBytes) beginning.push(chunk.subarray(0, beginningBytes - read));
      read += chunk.length;
      yield chunk;
    }
  }
  try {
    const blob = await blobStore.put(content(), { maxBytes: limits.maxAttachmentBytes });
    const mediaType = /^[\w.+-]+\/[\w.+-]+$/.test(part.contentType ?? '') ? part.contentType.toLowerCase() : '';
    return {
      beginning: Buffer.concat(beginning).toString('latin1'),
      attachment: {
        blob: { ...blob, size: BigInt(blob.size), mediaType: mediaType || 'application/octet-stream' },
        name,
        contentId: (part.cid ?? '').slice(0, 250),
      },
    };
  } catch (error) {
    if (!(error instanceof BlobTooLargeError))
      throw new StorageFault('an attachment cannot be stored', { cause: error });
    part.content.resume();
    refusals.push({ what: name || 'attachment', reason: `larger than ${limits.maxAttachmentBytes} bytes` });
    return undefined;
  }
}

/** A file name without path parts and control characters. */
function fileName(given: string): string {
  const bytes =
    /[\u0080-\u00ff]/.test(given) && !/[\u0100-\uffff]/.test(given) ? Buffer.from(given, 'latin1') : undefined;
  const name = bytes === undefined ? given : decodeText(bytes, undefined).text;
  return (name.split(/[\\/]/).pop() ?? '')
    .replace(/\p{Cc}/gu, '')
    .trim()
    .slice(0, 200);
}

function mailboxes(headers: Headers, ...names: readonly string[]): Mailbox[] {
  for (const name of names) {
    const value = headers.get(name) as AddressObject | AddressObject[] | undefined;
    const found = (value === undefined ? [] : Array.isArray(value) ? value : [value]).flatMap((object) =>
      flatten(object.value ?? []),
    );
    if (found.length > 0) return found;
  }
  return [];
}

function flatten(addresses: readonly EmailAddress[]): Mailbox[] {
  return addresses.flatMap(({ name, address, group }) =>
    group ? flatten(group) : [{ name: name ?? '', address: (address ?? '').trim().toLowerCase() }],
  );
}

function stringHeader(headers: Headers, name: string): string {
  const value = headers.get(name);
  return typeof value === 'string' ? value : '';
}
