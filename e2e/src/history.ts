import type { Agent, Delivery, Offer, OutboundMessage, Ticket, TicketEvent } from '@tributary/contracts';
import type { ProviderChannel } from './providers/index.ts';

/** A message as the customer knows it. */
export interface CustomerMessage {
  readonly channel: 'email' | 'chat' | 'phone' | ProviderChannel;
  /** The customer's own name for the conversation, for example `thread 12`. */
  readonly conversation: string;
  /** Message-ID without angle brackets, the chat's client id, or the provider's name for it (`nameOf`). Unique in its channel. */
  readonly providerId: string;
  readonly text: string;
  /**
   * True: it belongs behind everything sent before it in its conversation. False: only behind what had been acknowledged
   * before it was sent.
   */
  readonly pipelined: boolean;
  /** 1, 2, 3 … over all messages. */
  readonly sentOrder: number;
  /** When it was first sent. */
  readonly sentAtMs: number;
  /** When the first acknowledgement came. Absent: never. */
  acknowledgedAtMs?: number;
  /** Nobody brings it again, as when a call breaks off. */
  readonly onceOnly?: boolean;
  /** How often it was given to Tributary, repeats included. */
  sends: number;
  /** Why tries ended without an acknowledgement. A chat's do not: it goes on with a new connection. */
  readonly failures: string[];
}

/** A mail that reached a customer's mail server. */
export interface ReceivedMail {
  /** Without angle brackets. */
  readonly messageId: string;
  readonly to: string;
  readonly atMs: number;
}

/** A message of ours that a simulated provider accepted. */
export interface Arrival {
  readonly channel: string;
  readonly text: string;
}

/** A line of the chat as it was shown to the customer. */
export interface ChatLine {
  readonly sequence: number;
  readonly id: string;
  /** The client id of the customer's own lines. */
  readonly clientId: string | undefined;
  readonly author: string;
  readonly text: string;
}

/** One chat as its customer saw it. */
export interface ChatTranscript {
  readonly conversation: string;
  readonly sessionId: string;
  /** In the order of arrival, over all connections. */
  readonly received: readonly ChatLine[];
  /** What a new device of the same customer is shown afterwards. */
  readonly whole: readonly ChatLine[];
}

/** A command that the agents' robot gave until it had a definite answer. */
export interface AgentCommand {
  readonly commandId: string;
  readonly kind: 'reply' | 'resolve';
  readonly ticketId: string;
  /** Unique text of a reply; empty otherwise. */
  readonly text: string;
  /** `unknown` only when the test ended before there was an answer. */
  result: 'accepted' | 'refused' | 'unknown';
}

/** An answer to an offer that the robot gave until it was decided. */
export interface OfferAnswer {
  readonly offerId: string;
  readonly kind: 'accept' | 'decline';
  /** `refused`: the offer had ended otherwise. `unknown` only when the test ended before there was an answer. */
  result: 'accepted' | 'refused' | 'unknown';
}

/** Everything the checks look at: what was done to Tributary, and what it says and did. */
export interface History {
  /** In the order they were sent. */
  readonly messages: readonly CustomerMessage[];
  /** What Tributary refused though nothing was wrong with it, in words. */
  readonly refusals: readonly string[];
  readonly commands: readonly AgentCommand[];
  /** With their entries. */
  readonly tickets: readonly Ticket[];
  /** As in the log, repeats included, in order per ticket. */
  readonly ticketEvents: readonly TicketEvent[];
  /** As in the log, repeats included, in order per conversation. */
  readonly outbound: readonly OutboundMessage[];
  /** As in the log, repeats included. */
  readonly deliveries: readonly Delivery[];
  /** In the order of their arrival. */
  readonly mails: readonly ReceivedMail[];
  readonly chats: readonly ChatTranscript[];
  /** In the order of their arrival within a channel. */
  readonly arrivals: readonly Arrival[];
  readonly offerAnswers: readonly OfferAnswer[];
  /** As in the log, repeats included, in order per ticket. */
  readonly offers: readonly Offer[];
  readonly agents: readonly Agent[];
  /** Topics of dead letters that hold any, with how many. */
  readonly deadLetters: readonly { readonly topic: string; readonly records: number }[];
}

/** A promise that was not kept. */
export interface Violation {
  /** Which promise, in a few words. */
  readonly promise: string;
  /** What happened, with every id that helps to find it. */
  readonly detail: string;
}

/** Looks for broken promises of one kind. Finds the same in the same history. */
export type Check = (history: History) => Violation[];
