import { Transform } from 'node:stream';
import type { Refusal } from '@tributary/contracts';
import { MailParser } from 'mailparser';
import { decodeText } from '../domain/charset.ts';
import type { MailLimits } from '../ports.ts';

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
export class BoundedParser extends MailParser {
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
