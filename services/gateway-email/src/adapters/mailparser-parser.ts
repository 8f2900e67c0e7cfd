import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { type BlobStore, BlobTooLargeError } from '@tributary/blobstore';
import type { Refusal } from '@tributary/contracts';
import type { Clock } from '@tributary/runtime';
import { type AddressObject, type AttachmentStream, type EmailAddress, type Headers, MailParser } from 'mailparser';
import { decodeText } from '../domain/charset.ts';
import { endOfHead, firstField, maxHeadBytes, parseHeaderFields, readableHead } from '../domain/header-block.ts';
import { htmlToPlainText } from '../domain/html.ts';
import { type MailAttachment, type Mailbox, type MailLimits, type ParseMail, StorageFault } from '../ports.ts';

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

/** One MIME part as mailsplit, mailparser's engine, hands it over. */
interface Chunk {
  readonly type: 'node' | 'body' | 'data';
  readonly node?: Part;
}
interface Part extends Chunk {
  readonly contentType?: string | false;
  readonly parentNode?: Part;
  readonly multipart?: string | false;
  charset?: string | false;
}

/**
 * mailparser with limits on parts and depth, and with every text read by our own charset rules. mailparser has no option
 * for either, so this steps in where each part passes by (`processChunk`); its version is pinned and the fixtures with
 * wrong labels would show a change.
 */
class BoundedParser extends MailParser {
  readonly refusals: Refusal[] = [];
  readonly partTypes: string[] = [];
  /** Some HTML has no plain text beside it. */
  htmlStandsAlone = false;
  readonly #limits: MailLimits;
  readonly #refused = new WeakSet<Part>();
  #parts = 0;

  constructor(limits: MailLimits) {
    const refusals: Refusal[] = [];
    super({
      skipHtmlToText: true,
      skipTextLinks: true,
      keepDeliveryStatus: true,
      // An enclosed mail is an attachment, wherever it lies; parsing them in place hangs on one that breaks off.
      ignoreEmbedded: true,
      checksumAlgo: false,
      // Ours apply first, and refuse only what is too much.
      maxChildNodes: 1_000_000,
      Iconv: textReader(limits.maxTextLength, refusals),
    });
    this.#limits = limits;
    this.refusals = refusals;
  }

  processChunk(chunk: Chunk, done: (error?: Error) => void): void {
    if (this.#skips(chunk)) {
      done();
      return;
    }
    if (chunk.type === 'node') {
      const part = chunk as Part;
      const type = part.contentType || (part.parentNode === undefined ? 'text/plain' : 'application/octet-stream');
      this.partTypes.push(type);
      if (type === 'text/html' && !hasAlternative(part)) this.htmlStandsAlone = true;
      // A label that mailparser does not know makes it ask our reader.
      if (type.startsWith('text/')) part.charset = `x-label:${part.charset || ''}`;
    }
    const original = MailParser.prototype as unknown as { processChunk: (chunk: Chunk, done: unknown) => void };
    original.processChunk.call(this, chunk, done);
  }

  /** Cheaper than mailparser's, which escapes every letter beyond ASCII. */
  override textToHtml(text: string): string {
    return `<div>${text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/\n/g, '<br>')}</div>`;
  }

  #skips(chunk: Chunk): boolean {
    if (chunk.type === 'node') return this.#refuse(chunk as Part);
    return chunk.node !== undefined && this.#refused.has(chunk.node);
  }

  #refuse(part: Part): boolean {
    let depth = 0;
    for (let parent = part.parentNode; parent; parent = parent.parentNode) depth += 1;
    this.#parts += 1;
    const { maxDepth, maxParts } = this.#limits;
    const reason =
      depth > maxDepth
        ? `parts lie deeper within each other than ${maxDepth}`
        : this.#parts > maxParts
          ? `more than ${maxParts} parts`
          : undefined;
    if (reason === undefined) return false;
    this.#refused.add(part);
    if (!this.refusals.some((refusal) => refusal.reason === reason)) this.refusals.push({ what: 'parts', reason });
    return true;
  }
}

function hasAlternative(part: Part): boolean {
  for (let parent = part.parentNode; parent; parent = parent.parentNode) {
    if (parent.multipart === 'alternative') return true;
  }
  return false;
}

/** What mailparser takes for node-iconv: reads one text part whole, for its charset shows only in the whole. */
function textReader(maxBytes: number, refusals: Refusal[]) {
  return class extends Transform {
    readonly #label: string;
    readonly #chunks: Buffer[] = [];
    #length = 0;

    constructor(label: string) {
      super();
      this.#label = label.replace(/^x-label:/, '');
    }

    override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
      const room = maxBytes * 4 - this.#length;
      if (chunk.length > room && !refusals.some(({ what }) => what === 'text')) {
        refusals.push({ what: 'text', reason: `longer than ${maxBytes} characters; the beginning was kept` });
      }
      this.#chunks.push(chunk.subarray(0, Math.max(0, room)));
      this.#length += Math.min(room, chunk.length);
      done();
    }

    override _flush(done: (error: null, data: Buffer) => void): void {
      done(null, Buffer.from(decodeText(Buffer.concat(this.#chunks), this.#label).text));
    }
  };
}

/** Splits a mail after its header block. A header block that does not end in time is cut. */
async function takeHead(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; rest: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  let bytes: Buffer = Buffer.alloc(0);
  let end: number | undefined;
  for (;;) {
    const { done, value } = await iterator.next();
    if (done) break;
    bytes = bytes.length === 0 ? Buffer.from(value) : Buffer.concat([bytes, value]);
    end = endOfHead(bytes);
    if (end !== undefined || bytes.length > maxHeadBytes) break;
  }
  let at = end ?? Math.min(bytes.length, maxHeadBytes);
  let head: Uint8Array = bytes.subarray(0, at);
  if (at > maxHeadBytes || (end === undefined && at < bytes.length)) {
    at = bytes.lastIndexOf(0x0a, Math.min(at, maxHeadBytes)) + 1 || maxHeadBytes;
    head = Buffer.concat([bytes.subarray(0, at), Buffer.from('\r\n')]);
  }
  return {
    head,
    rest: (async function* () {
      if (at < bytes.length) yield bytes.subarray(at);
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    })(),
  };
}

/** The lines of a chunk without their ends; a line that goes on in the next chunk is simply two parts. */
function* linesOf(chunk: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let at = chunk.indexOf(0x0a); at !== -1; at = chunk.indexOf(0x0a, start)) {
    const end = at > start && chunk[at - 1] === 0x0d ? at - 1 : at;
    if (end > start) yield chunk.subarray(start, end);
    yield chunk.subarray(0, 0);
    start = at + 1;
  }
  const last = chunk[chunk.length - 1] === 0x0d ? chunk.length - 1 : chunk.length;
  if (start < last) yield chunk.subarray(start, last);
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
