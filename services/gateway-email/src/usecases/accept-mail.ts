import type { BlobStore, StoredBlob } from '@tributary/blobstore';
import type { BlobRef, InboundMessage } from '@tributary/contracts';
import { LogRefusedError } from '@tributary/eventlog';
import type { Inbox, SentMessages } from '@tributary/gateway-kit';
import type { Clock, Logger } from '@tributary/runtime';
import { outboundIdOf, rootOf, type ThreadPlace } from '../domain/threading.ts';
import { type ParseMail, StorageFault } from '../ports.ts';
import {
  type Arrival,
  conversationKey,
  createMailDescriber,
  type DescribeMailOptions,
  shorten,
  unreadable,
  withoutContent,
} from './describe-mail.ts';

/** A mail's bytes: in memory when small, otherwise already in the blob store. */
export type RawMail = { readonly bytes: Uint8Array } | { readonly blob: StoredBlob };

export interface MailAcceptance {
  /**
   * Turns a mail into the message everyone gets. A mail that cannot be read becomes a message all the same, with the raw
   * mail and a note. Rejects only when the blob store does not answer.
   */
  normalise(mail: RawMail, arrival: Arrival): Promise<InboundMessage>;
  /** The same for a mail that must not be read, for `reason`. */
  keepUnread(mail: RawMail, arrival: Arrival, reason: string): Promise<InboundMessage>;
  /** Puts normalised mails into the log; resolves when they are durable there. */
  accept(messages: readonly InboundMessage[]): Promise<void>;
}

export interface MailAcceptanceOptions extends Omit<DescribeMailOptions, 'ourDomains'> {
  readonly inbox: Pick<Inbox, 'accept' | 'deadLetter' | 'report'>;
  readonly sent: SentMessages;
  readonly blobStore: BlobStore;
  readonly parse: ParseMail;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the gateway does with each mail that comes in, from a mailbox or by SMTP. */
export function createMailAcceptance(options: MailAcceptanceOptions): MailAcceptance {
  const { blobStore, clock, logger, ourAddresses } = options;
  const ourDomains = [...new Set(ourAddresses.map((address) => address.slice(address.lastIndexOf('@') + 1)))];
  const describe = createMailDescriber({ ...options, ourDomains });
  /** Bounces that say more than that a delivery takes long. */
  const failedDeliveries = new WeakSet<InboundMessage>();
  /** Mails that could not be read, and why. */
  const unreadMails = new WeakMap<InboundMessage, string>();

  async function normalise(mail: RawMail, arrival: Arrival): Promise<InboundMessage> {
    const reading = options.parse(contentOf(mail, blobStore)).then((parsed) => describe(parsed, arrival));
    const [raw, read] = await Promise.all([keep(mail), reading.catch((error: unknown) => error as Error)]);
    if (read instanceof StorageFault) throw read;
    if (read instanceof Error) {
      logger.error({ err: read, blob: raw.key }, 'a mail could not be read; it is kept as it came');
      return unread(mail, arrival, raw, read.message);
    }
    const { message, place } = read;
    if (read.deliveryFailed) failedDeliveries.add(message);
    message.conversationKey = await conversationOf(message, place);
    message.raw = raw;
    message.receivedTime = new Date(clock.now());
    return message;
  }

  async function unread(mail: RawMail, arrival: Arrival, raw: BlobRef, reason: string): Promise<InboundMessage> {
    const beginning = await beginningOf(mail, blobStore);
    const message = unreadable(beginning, reason, arrival, raw, new Date(clock.now()));
    unreadMails.set(message, reason);
    return message;
  }

  async function keep(mail: RawMail): Promise<BlobRef> {
    const blob = 'blob' in mail ? mail.blob : await blobStore.put(mail.bytes);
    return { key: blob.key, sha256: blob.sha256, size: BigInt(blob.size), mediaType: 'message/rfc822' };
  }

  /**
   * A proved answer goes where its ticket's conversation is; one that names a mail of ours, where that mail belongs; any
   * other by its root, which does not contain the account: one mail to two of our addresses is one conversation.
   */
  async function conversationOf(message: InboundMessage, place: ThreadPlace): Promise<string> {
    if (message.replyToTicketId !== '') {
      const conversation = await options.sent.conversationOfTicket(message.replyToTicketId);
      if (conversation !== undefined) return conversation;
    }
    const named = [...place.references].reverse().map((id) => outboundIdOf(id, ourDomains) ?? '');
    for (const outboundId of [message.bounce?.outboundMessageId ?? '', ...named]) {
      const row = outboundId === '' ? undefined : await options.sent.find(outboundId);
      if (row !== undefined) return row.conversationKey;
    }
    return conversationKey(rootOf(place) ?? message.id);
  }

  /** A message that the log will never take goes without its content: it must not hold up the others for ever. */
  async function accept(messages: readonly InboundMessage[]): Promise<void> {
    try {
      await options.inbox.accept(...messages);
    } catch (error) {
      if (!(error instanceof LogRefusedError)) throw error;
      const [only] = messages;
      if (messages.length > 1) {
        for (const message of messages) await accept([message]);
      } else if (only !== undefined) {
        logger.error({ err: error, messageId: only.id }, 'the log refuses a mail; it goes without its content');
        const reason = `the log refuses it: ${shorten(error.message, 300)}`;
        unreadMails.set(only, reason);
        await options.inbox.accept(withoutContent(only, reason));
      }
    }
  }

  return {
    normalise,
    async keepUnread(mail, arrival, reason) {
      return unread(mail, arrival, await keep(mail), reason);
    },
    async accept(messages) {
      await accept(messages);
      for (const message of messages) {
        const cause = unreadMails.get(message);
        if (cause !== undefined) await options.inbox.deadLetter(withoutContent(message, cause), cause);
        const { bounce } = message;
        if (bounce === undefined || bounce.outboundMessageId === '' || !failedDeliveries.has(message)) continue;
        await options.inbox.report(bounce.outboundMessageId, {
          status: 'failed',
          recipient: bounce.recipient,
          reason: bounce.diagnostic || 'The mail came back.',
          providerCode: bounce.status,
        });
      }
    },
  };
}

async function* contentOf(mail: RawMail, blobStore: BlobStore): AsyncGenerator<Uint8Array> {
  if ('bytes' in mail) return yield mail.bytes;
  try {
    const content = await blobStore.get(mail.blob.key);
    if (content === undefined) throw new Error('the raw mail is not in the blob store');
    yield* content as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new StorageFault('the raw mail cannot be read back', { cause: error });
  }
}

async function beginningOf(mail: RawMail, blobStore: BlobStore): Promise<Uint8Array> {
  if ('bytes' in mail) return mail.bytes.subarray(0, 64 * 1024);
  for await (const chunk of contentOf(mail, blobStore)) return chunk;
  return new Uint8Array();
}
