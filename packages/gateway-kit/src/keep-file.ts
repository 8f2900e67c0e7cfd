import { type BlobStore, BlobTooLargeError } from '@tributary/blobstore';
import type { Attachment, Refusal } from '@tributary/contracts';

/** A file that a provider keeps for us. */
export interface RemoteFile {
  readonly url: string;
  /** Sent to `url`'s host alone: credentials do not follow a redirect elsewhere. */
  readonly headers?: Readonly<Record<string, string>>;
  /** As given by the customer, or empty. Path parts are removed. */
  readonly name: string;
  /** As the provider says in its event. Empty: as the answer says. */
  readonly mediaType: string;
}

export interface KeepFileOptions {
  readonly blobStore: BlobStore;
  /** Hosts that may be asked, with their port unless it is the scheme's own: `api.example.com`, or `*.example.com` for all below. */
  readonly hosts: readonly string[];
  readonly maxBytes: number;
  readonly timeoutMs?: number;
}

/** Either the kept file or a note of why it was not kept, for `attachments` and `refusals` of the message. */
export type KeptFile = { readonly attachment: Attachment } | { readonly refusal: Refusal };

const maxRedirects = 3;

/**
 * Fetches a file into the blob store. Only the hosts named are asked, after each redirect too. Fetching it again is harmless.
 * @throws when trying again may help (no answer, 5xx, 429): then the provider's event is not to be acknowledged.
 */
export async function keepFile(file: RemoteFile, options: KeepFileOptions): Promise<KeptFile> {
  const { blobStore, maxBytes, timeoutMs = 60_000 } = options;
  const name = file.name.replace(/^.*[\\/]/, '').slice(0, 255);
  const refuse = (reason: string): KeptFile => ({ refusal: { what: name || file.mediaType || 'a file', reason } });
  const signal = AbortSignal.timeout(timeoutMs);
  let url = new URL(file.url);
  let headers = file.headers ?? {};
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    if (!isAllowed(url, options.hosts))
      return refuse(`it is kept at ${url.host}, which is not one of the provider's hosts`);
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      const next = new URL(location, url);
      if (next.host !== url.host) headers = {};
      url = next;
      continue;
    }
    if (response.status === 429 || response.status >= 500) {
      await response.body?.cancel();
      throw new Error(`${url.host} answered ${response.status}`);
    }
    if (!response.ok) {
      await response.body?.cancel();
      return refuse(`the provider answered ${response.status}`);
    }
    const mediaType = file.mediaType || mediaTypeOf(response.headers.get('content-type'));
    try {
      const { key, size, sha256 } = await blobStore.put(response.body ?? new Uint8Array(), { maxBytes });
      return { attachment: { blob: { key, mediaType, size: BigInt(size), sha256 }, name, contentId: '' } };
    } catch (error) {
      if (!(error instanceof BlobTooLargeError)) throw error;
      return refuse(`larger than ${maxBytes} bytes`);
    }
  }
  return refuse(`more than ${maxRedirects} redirects`);
}

function isAllowed(url: URL, hosts: readonly string[]): boolean {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  return hosts.some((host) => (host.startsWith('*.') ? url.host.endsWith(host.slice(1)) : url.host === host));
}

function mediaTypeOf(contentType: string | null): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
}
