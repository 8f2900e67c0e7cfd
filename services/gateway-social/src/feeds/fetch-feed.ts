import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { RetryLaterError } from '@tributary/gateway-kit';
import { retryAfterMs } from '../listening/json-api.ts';
import type { Caller } from '../public-address.ts';

/** What a feed's server said of its last answer, to ask whether there is a newer one (RFC 9110, 13). */
export interface Validators {
  readonly etag: string;
  readonly lastModified: string;
}

export interface FetchedFeed extends Validators {
  /** Where it was found, after redirects. */
  readonly url: string;
  readonly text: string;
}

const maxBytes = 5 * 1024 * 1024;
const maxRedirects = 5;

/**
 * @returns undefined when there is nothing new.
 * @throws RetryLaterError (429, 503 with Retry-After), PrivateAddressError, an Error for any other status or a body of more than 5 MiB
 */
export async function fetchFeed(caller: Caller, address: string, known: Validators): Promise<FetchedFeed | undefined> {
  let url = new URL(address);
  const headers = {
    accept: 'application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5',
    'accept-encoding': 'br, gzip, deflate',
    'user-agent': 'Tributary (feed reader)',
    ...(known.etag !== '' && { 'if-none-match': known.etag }),
    ...(known.lastModified !== '' && { 'if-modified-since': known.lastModified }),
  };
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await get(caller, url, headers);
    const { statusCode: status = 0, headers: said } = response;
    if (status === 200) {
      const bytes = await bodyOf(response);
      const { etag = '', 'last-modified': lastModified = '', 'content-type': type = '' } = said;
      return { url: url.href, text: decoded(bytes, type), etag, lastModified };
    }
    response.destroy();
    if (status === 304) return undefined;
    if (status >= 300 && status < 400 && said.location !== undefined) {
      url = new URL(said.location, url);
      if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Error(`${address} leads to ${url.protocol}`);
      continue;
    }
    const later = retryAfterMs(said['retry-after']);
    if (status === 429 || (status === 503 && later !== undefined)) {
      throw new RetryLaterError(`${url.host} answered ${status}`, later ?? 60 * 60_000);
    }
    throw new Error(`${url.host} answered ${status}`);
  }
  throw new Error(`${address} leads through more than ${maxRedirects} redirects`);
}

function get(caller: Caller, url: URL, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    caller.request(url, { method: 'GET', headers }).on('error', reject).on('response', resolve).end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const unpack = { gzip: createGunzip, 'x-gzip': createGunzip, br: createBrotliDecompress, deflate: createInflate }[
    response.headers['content-encoding']?.toLowerCase() ?? ''
  ];
  // An error of the connection reaches whoever reads the unpacked stream.
  const stream = unpack === undefined ? response : pipeline(response, unpack(), () => {});
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    // Leaving the loop ends the connection. Counted unpacked, so that a small body does not become a large one.
    if (size > maxBytes) throw new Error(`the feed has more than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks);
}

/** The charset of a byte order mark, of Content-Type, or of the XML declaration, in this order (RFC 7303). */
function decoded(bytes: Buffer, contentType: string): string {
  const declared = /^\s*<\?xml[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']/.exec(bytes.toString('latin1', 0, 200))?.[1];
  const charset = markOf(bytes) ?? /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? declared ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new TextDecoder().decode(bytes);
  }
}

function markOf([first, second, third]: Buffer): string | undefined {
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return undefined;
}
