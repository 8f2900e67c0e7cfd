import { BlockList, isIPv6 } from 'node:net';
import { type BlobStore, BlobTooLargeError } from '@tributary/blobstore';
import { type Inbox, OverloadedError } from '@tributary/gateway-kit';
import { type Clock, delay, type Logger, type Service } from '@tributary/runtime';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { withoutTag } from '../domain/reply-token.ts';
import type { MailLimits } from '../ports.ts';
import type { MailAcceptance, RawMail } from '../usecases/accept-mail.ts';

export interface SmtpListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Address or alias → account, lower case. Mail for anyone else is refused: this is no relay. */
  readonly accountOf: ReadonlyMap<string, string>;
  readonly trustedRelays: readonly string[];
  readonly admit: Inbox['admit'];
  readonly acceptance: MailAcceptance;
  readonly blobStore: BlobStore;
  readonly limits: MailLimits;
  readonly acceptTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Mails up to this size stay in memory; larger ones go to the blob store first. */
const maxInMemoryBytes = 1024 * 1024;
/** Connections above this many are told 421 at once. */
const maxClients = 1000;

/**
 * Takes mail by SMTP. DATA is answered 250 only after the message is durable in the log; 451 when that does not happen in
 * time, and the other side comes again.
 */
export function createSmtpListener(options: SmtpListenerOptions): Service & { readonly port: number } {
  const { acceptance, limits, logger } = options;
  const trusted = relayList(options.trustedRelays);
  let fault: string | undefined;
  let listening = false;

  const server = new SMTPServer({
    banner: 'Tributary',
    size: limits.maxMailBytes,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    maxAllowedUnauthenticatedCommands: false,
    lenientAddressParsing: true,
    // Many recipients come on one connection, and a mail may wait for the log.
    socketTimeout: Math.max(60_000, options.acceptTimeoutMs * 2),
    closeTimeout: 5000,
    maxClients,
    logger: false,
    onRcptTo({ address }, _session, done) {
      if (options.accountOf.has(withoutTag(address.toLowerCase()))) return done();
      done(reply(550, 'No such mailbox here'));
    },
    onData(stream, session, done) {
      receive(stream, session).then(
        (text) => done(null, text),
        (error: unknown) => done(error as Error),
      );
    },
  });
  server.on('error', (error) => logger.info({ err: error }, 'an SMTP connection failed'));

  async function receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    const abandoned = new AbortController();
    try {
      const work = take(stream, session);
      work.catch(() => {}); // After the time is up nobody waits for it; a repeat is the same message.
      const result = await Promise.race([
        work,
        delay(options.clock, options.acceptTimeoutMs, abandoned.signal).then(() => 'late' as const),
      ]);
      if (result === 'late') throw new Error(`not durable within ${options.acceptTimeoutMs} ms`);
      fault = undefined;
      return result;
    } catch (error) {
      stream.resume();
      if (error instanceof OverloadedError) {
        logger.info({ reason: error.message }, 'a mail was not let in');
        throw reply(451, '4.4.5 Too much at once, please try again later');
      }
      if ((error as { responseCode?: number }).responseCode !== undefined) throw error;
      fault = (error as Error).message;
      logger.error({ err: error }, 'a mail could not be accepted; its sender will come again');
      throw reply(451, 'Cannot take it just now, please try again');
    } finally {
      abandoned.abort();
    }
  }

  async function take(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
    using _place = options.admit(announcedSize(session));
    const mail = await readMail(stream, options.blobStore, limits.maxMailBytes);
    if (mail === undefined || stream.sizeExceeded) throw reply(552, `Message exceeds ${limits.maxMailBytes} bytes`);
    const recipients = session.envelope.rcptTo.map(({ address }) => address);
    const account = options.accountOf.get(withoutTag((recipients[0] ?? '').toLowerCase()));
    if (account === undefined) throw reply(554, 'No valid recipients');
    const sender = session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address;
    const message = await acceptance.normalise(mail, {
      account,
      envelope: { sender, recipients },
      trusted: isTrusted(trusted, session.remoteAddress),
    });
    await acceptance.accept([message]);
    return `Accepted as ${message.id}`;
  }

  return {
    get port() {
      const address = server.server.address();
      return typeof address === 'object' && address !== null ? address.port : 0;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.server.once('error', reject);
        server.listen(options.port, options.host, () => {
          server.server.off('error', reject);
          resolve();
        });
      });
      listening = true;
    },
    async stop() {
      if (!listening) return;
      listening = false;
      await new Promise<void>((resolve) => server.close(resolve));
    },
    problems: () => (fault === undefined ? [] : [`mail cannot be accepted: ${fault}`]),
  };
}

/** What the mail will hold in memory, by the SIZE of MAIL FROM (RFC 1870). */
function announcedSize({ envelope }: SMTPServerSession): number {
  const parameters = envelope.mailFrom === false ? {} : envelope.mailFrom.args;
  const size = Number((parameters as { readonly SIZE?: string }).SIZE);
  return size > 0 && size < maxInMemoryBytes ? size : maxInMemoryBytes;
}

/** Undefined when it is too large. */
async function readMail(
  stream: SMTPServerDataStream,
  blobStore: BlobStore,
  maxBytes: number,
): Promise<RawMail | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  const iterator = stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value);
    length += next.value.length;
    if (length <= maxInMemoryBytes) continue;
    async function* all() {
      yield* chunks.splice(0);
      yield* iterator;
    }
    try {
      return { blob: await blobStore.put(all(), { maxBytes }) };
    } catch (error) {
      if (error instanceof BlobTooLargeError) return undefined;
      throw error;
    }
  }
  return { bytes: Buffer.concat(chunks, length) };
}

function reply(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode });
}

function relayList(relays: readonly string[]): BlockList {
  const list = new BlockList();
  for (const relay of relays) {
    const [address = '', bits] = relay.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isTrusted(list: BlockList, address: string): boolean {
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
