import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Its first 64 KiB. */
  readonly text: string;
}

export interface Poster {
  /**
   * One POST; redirects are not followed. Connections are kept for the next.
   * @throws PrivateAddressError, or what the network says.
   */
  post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<PostAnswer>;
  close(): void;
}

/** The address is not on the public internet. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

const maxAnswerBytes = 64 * 1024;

/**
 * @param allowPrivate Whether addresses that are not on the public internet may be called. Otherwise each address is looked at
 * when it is about to be connected to, so that a name that resolves elsewhere a moment later helps nobody.
 */
export function createPoster({
  allowPrivate,
  timeoutMs = 30_000,
}: {
  readonly allowPrivate: boolean;
  readonly timeoutMs?: number;
}): Poster {
  const settings = { keepAlive: true, timeout: timeoutMs, ...(!allowPrivate && { lookup: lookupPublic }) };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };
  return {
    async post(target, headers, body) {
      const url = new URL(target);
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      // A literal address is connected to without a lookup.
      if (!allowPrivate && isIP(host) !== 0) mustBePublic(host, host);
      const protocol = url.protocol as keyof typeof agents;
      const send = protocol === 'https:' ? requestHttps : requestHttp;
      return new Promise((resolve, reject) => {
        const request = send(
          url,
          {
            method: 'POST',
            agent: agents[protocol],
            headers: { ...headers, 'content-length': String(body.length) },
            signal: AbortSignal.timeout(timeoutMs),
          },
          (response) => {
            beginningOf(response).then(
              (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
              reject,
            );
          },
        );
        request.on('error', reject);
        request.end(body);
      });
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    // Leaving the loop ends the connection.
    if (size >= maxAnswerBytes) break;
  }
  return Buffer.concat(chunks).subarray(0, maxAnswerBytes).toString('utf8');
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** As `dns.lookup`, but only addresses of the public internet come out of it. */
function lookupPublic(host: string, options: LookupOptions, callback: LookupCallback): void {
  dnsLookup(host, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    try {
      for (const { address } of addresses) mustBePublic(address, host);
    } catch (refusal) {
      return callback(refusal as Error, []);
    }
    const [first] = addresses;
    if (options.all === true) callback(null, addresses);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  });
}

/** Everything but `unicast` is loopback, private, link-local, reserved, multicast or translated (IANA's registries). */
function mustBePublic(address: string, host: string): void {
  if (ipaddr.process(address).range() === 'unicast') return;
  throw new PrivateAddressError(`${host} is ${address}, which is not an address of the public internet`);
}
