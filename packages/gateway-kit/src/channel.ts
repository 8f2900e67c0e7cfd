import type { BlobStore } from '@tributary/blobstore';
import type { ChannelCapabilities, InboundMessage, OutboundMessage, Signal } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { Clock, Logger, Service } from '@tributary/runtime';
import type { FastifyPluginAsync } from 'fastify';
import type { Rate } from './token-bucket.ts';
import type { Webhook } from './webhook.ts';

/**
 * One channel: what it must do (carry a message to the provider, hand over what comes from there) and what it may, declared as
 * data. Ids, keys and accounts are its own affair; the core compares them and nothing else.
 */
export interface Channel {
  /** As in `InboundMessage.channel`: lower case, the name of the provider or the medium. */
  readonly name: string;
  /** What it carries towards customers; make it with `capabilities`. Published, so that what it cannot carry is refused early. */
  readonly capabilities: ChannelCapabilities;
  /**
   * Gives one message to the provider; resolves once the provider has accepted it. Fails with an error of send-errors.ts,
   * or any other for a passing fault, after which the same message comes again. Must end by itself within a few minutes.
   * @param message Never longer than `capabilities` says; its `id` serves as idempotency key where the provider
   * knows one.
   */
  send(message: OutboundMessage): Promise<SentMessage>;
  /** True when the provider drops a message whose id it has had: one that a crash left in doubt is then simply sent again. */
  readonly idempotent?: boolean;
  /** How fast one account may send, by the provider's rules. Absent: as fast as it answers. */
  readonly rate?: Rate | ((account: string) => Rate);
  /** Messages under way at once per account. Default 10. */
  readonly concurrencyPerAccount?: number;
  /** Shows the customer that an agent is typing. A failure is noted and harms nothing. */
  typing?(conversationKey: string): Promise<void>;
  /** The HTTP requests by which the provider brings what customers write. */
  readonly webhooks?: readonly Webhook[];
  /** What else it serves by HTTP, such as a WebSocket for customers. Registered after `connect`. */
  readonly http?: FastifyPluginAsync;
  /** For what is fetched or comes over a connection that we open: started last and stopped first. */
  connect?(inbox: Inbox, sent: SentMessages): Service | Promise<Service>;
}

/** What was sent before, also long ago. */
export interface SentMessages {
  /** Where an outbound message belongs. */
  find(outboundMessageId: string): Promise<{ ticketId: string; account: string; conversationKey: string } | undefined>;
  /** The conversation in which a ticket's customer was last written to. */
  conversationOfTicket(ticketId: string): Promise<string | undefined>;
}

/** What a channel is given to work with. */
export interface ChannelDependencies {
  readonly blobStore: BlobStore;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Our address as providers see it, without a slash at its end; webhooks are at `<publicUrl>/channels/<channel>/…`. Empty: as
   * the request says.
   */
  readonly publicUrl: string;
}

/** What the provider said when it accepted a message. */
export interface SentMessage {
  /** Later references name it. */
  readonly providerMessageId: string;
}

/** Where a channel hands over what it receives. Only when a call has resolved may the provider be told. */
export interface Inbox {
  /**
   * Asked at the door, before a request's body is read: lets it in until what is returned is disposed. Webhooks are let in by
   * the gateway; a channel with a listener or connections of its own asks itself.
   * @param bytes How large the request is or may become.
   * @throws OverloadedError when so much waits for the log that it should come again later.
   */
  admit(bytes: number): Disposable;
  /**
   * Puts messages into the log, in this order; resolves when all are durable. Accepting a message again is harmless: its id
   * is the same and the core drops the repeat.
   * @throws what the log throws; then it is unknown which of them are in the log.
   */
  accept(...messages: readonly InboundMessage[]): Promise<void>;
  /**
   * Puts messages into the topic of mentions that are only counted: no ticket comes of them. Otherwise as `accept`.
   */
  count(...messages: readonly InboundMessage[]): Promise<void>;
  /**
   * Tells the operator, among the dead letters, of a message that could not be read as its channel means it. It is
   * accepted all the same, as far as it could be read; replaying the letter changes nothing.
   */
  deadLetter(message: InboundMessage, cause: string): Promise<void>;
  /** Tells what became of a message after the provider had accepted it. Does nothing when it is unknown. Repeats are harmless. */
  report(outboundMessageId: string, receipt: Receipt): Promise<void>;
  /** A passing sign of life of the customer. */
  signal(signal: Signal): Promise<void>;
}

/** What the provider says of a message that it had accepted. */
export interface Receipt {
  readonly status: 'delivered' | 'read' | 'failed';
  /** Why it failed, in words for an agent. */
  readonly reason?: string;
  /** The provider's code of the failure. */
  readonly providerCode?: string;
  /** Whom it failed for. */
  readonly recipient?: string;
}

/** Capabilities with what is left out meaning: none, or no limit (see messages.proto). */
export function capabilities(declared: Partial<ChannelCapabilities>): ChannelCapabilities {
  return {
    maxTextLength: 0,
    splitsText: false,
    media: [],
    maxAttachments: 0,
    replyVisibilities: [],
    replyWindowSeconds: 0n,
    edits: false,
    typing: false,
    deliveryMarks: false,
    readMarks: false,
    calls: false,
    maxPublicTextLength: 0,
    listensOnly: false,
    ...declared,
  };
}
