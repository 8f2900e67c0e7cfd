import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { type ClientRequest, Agent as HttpAgent, type RequestOptions, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The address is not on the public internet. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

export interface CallerOptions {
  /**
   * Whether addresses that are not on the public internet may be called. Otherwise each address is looked at when it is about to
   * be connected to, so that a name that resolves elsewhere a moment later helps nobody.
   */
  readonly allowPrivate: boolean;
  /** For the whole request and its answer. Default 30 s. */
  readonly timeoutMs?: number;
}

export interface Caller {
  /** A request that is not ended yet; connections are kept for the next, redirects are not followed. @throws PrivateAddressError, also as its 'error' */
  request(url: URL, options: Pick<RequestOptions, 'method' | 'headers'>): ClientRequest;
  close(): void;
}

/** Calls http and https addresses that somebody else chose. */
export function createCaller({ allowPrivate, timeoutMs = 30_000 }: CallerOptions): Caller {
  const settings = { keepAlive: true, timeout: timeoutMs, ...(!allowPrivate && { lookup: lookupPublic }) };
  const agents = { 'http:': new HttpAgent(settings), 'https:': new HttpsAgent(settings) };
  return {
    request(url, options) {
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      // A literal address is connected to without a lookup.
      if (!allowPrivate && isIP(host) !== 0) mustBePublic(host, host);
      const protocol = url.protocol as keyof typeof agents;
      const open = protocol === 'https:' ? requestHttps : requestHttp;
      return open(url, { ...options, agent: agents[protocol], signal: AbortSignal.timeout(timeoutMs) });
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
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
