import { hash } from 'node:crypto';
import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  ChannelDeclaration,
  Delivery,
  InboundMessage,
  OutboundMessage,
  Signal,
} from './gen/tributary/messages/v1/messages.ts';
import { Offer, RoutingDecision } from './gen/tributary/routing/v1/routing.ts';
import { TicketEvent } from './gen/tributary/tickets/v1/tickets.ts';

/** How a protobuf message is read and written; what ts-proto generates for each. */
export interface Codec<T> {
  /** @param writer Is given back, with the message behind what it held. A new one when absent. */
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(bytes: Uint8Array): T;
  toJSON(message: T): unknown;
  fromJSON(json: unknown): T;
}

/** One topic, declared once: the CLI creates it from this, `docs/events.md` is checked against it. */
export interface Topic<T> {
  readonly name: string;
  /** CloudEvents `type`: the protobuf message's full name. */
  readonly type: string;
  readonly codec: Codec<T>;
  readonly partitions: number;
  /** Milliseconds. -1 keeps for ever. */
  readonly retentionMs: number;
  /** What the key is, in words, for the documentation. */
  readonly keyedBy: string;
  /** Records with one key keep their order. */
  key(message: T): string;
  /** CloudEvents `id`. Publishing the same fact again gives the same id; consumers drop what they have seen. */
  id(message: T): string;
  /** CloudEvents `subject`. */
  subject(message: T): string;
  /** CloudEvents `time`. */
  time(message: T): Date | undefined;
}

const dayMs = 24 * 60 * 60 * 1000;

export const topics = {
  inbound: declare<InboundMessage>({
    name: 'messages.inbound.v1',
    type: 'tributary.messages.v1.InboundMessage',
    codec: InboundMessage,
    partitions: 12,
    retentionMs: 14 * dayMs,
    keyedBy: 'conversation_key',
    key: (message) => message.conversationKey,
    id: (message) => message.id,
    subject: (message) => message.conversationKey,
    time: (message) => message.receivedTime,
  }),
  mentions: declare<InboundMessage>({
    name: 'mentions.v1',
    type: 'tributary.messages.v1.InboundMessage',
    codec: InboundMessage,
    partitions: 4,
    retentionMs: 90 * dayMs,
    keyedBy: 'conversation_key',
    key: (message) => message.conversationKey,
    id: (message) => message.id,
    subject: (message) => message.conversationKey,
    time: (message) => message.receivedTime,
  }),
  outbound: declare<OutboundMessage>({
    name: 'messages.outbound.v1',
    type: 'tributary.messages.v1.OutboundMessage',
    codec: OutboundMessage,
    partitions: 12,
    retentionMs: 14 * dayMs,
    keyedBy: 'conversation_key',
    key: (message) => message.conversationKey,
    id: (message) => message.id,
    subject: (message) => message.ticketId,
    time: (message) => message.createdTime,
  }),
  delivery: declare<Delivery>({
    name: 'messages.delivery.v1',
    type: 'tributary.messages.v1.Delivery',
    codec: Delivery,
    partitions: 12,
    retentionMs: 14 * dayMs,
    keyedBy: 'conversation_key',
    key: (message) => message.conversationKey,
    id: (message) => message.id,
    subject: (message) => message.ticketId,
    time: (message) => message.time,
  }),
  signals: declare<Signal>({
    name: 'messages.signals.v1',
    type: 'tributary.messages.v1.Signal',
    codec: Signal,
    partitions: 4,
    retentionMs: dayMs / 24,
    keyedBy: 'conversation_key',
    key: (message) => message.conversationKey,
    id: (message) =>
      hashId('signal', message.conversationKey, message.kind, message.fromAgent, message.time?.getTime()),
    subject: (message) => message.conversationKey,
    time: (message) => message.time,
  }),
  ticketEvents: declare<TicketEvent>({
    name: 'tickets.events.v1',
    type: 'tributary.tickets.v1.TicketEvent',
    codec: TicketEvent,
    partitions: 12,
    retentionMs: 90 * dayMs,
    keyedBy: 'ticket_id',
    key: (event) => event.ticketId,
    id: (event) => event.id,
    subject: (event) => event.ticketId,
    time: (event) => event.time,
  }),
  decisions: declare<RoutingDecision>({
    name: 'routing.decisions.v1',
    type: 'tributary.routing.v1.RoutingDecision',
    codec: RoutingDecision,
    partitions: 12,
    retentionMs: 90 * dayMs,
    keyedBy: 'ticket_id',
    key: (decision) => decision.ticketId,
    id: (decision) => decision.id,
    subject: (decision) => decision.ticketId,
    time: (decision) => decision.time,
  }),
  offers: declare<Offer>({
    name: 'routing.offers.v1',
    type: 'tributary.routing.v1.Offer',
    codec: Offer,
    partitions: 12,
    retentionMs: 90 * dayMs,
    keyedBy: 'ticket_id',
    key: (offer) => offer.ticketId,
    id: (offer) => hashId('offer', offer.id, offer.state),
    subject: (offer) => offer.ticketId,
    time: (offer) => offer.endedTime ?? offer.madeTime,
  }),
  channels: declare<ChannelDeclaration>({
    name: 'channels.v1',
    type: 'tributary.messages.v1.ChannelDeclaration',
    codec: ChannelDeclaration,
    partitions: 1,
    retentionMs: -1,
    keyedBy: 'channel',
    key: (declaration) => declaration.channel,
    id: (declaration) => hashId('channel', declaration.channel, declaration.time?.getTime()),
    subject: (declaration) => declaration.channel,
    time: (declaration) => declaration.time,
  }),
} as const;

function declare<T>(topic: Topic<T>): Topic<T> {
  return topic;
}

/** Every topic, for creating, listing and documenting them. */
export const allTopics: readonly Topic<unknown>[] = Object.values(topics) as unknown as Topic<unknown>[];

/** The topic that takes what can never be handled from `topic`. Retained for ever: a person empties it. */
export function deadLetterTopic(topicName: string): string {
  return `${topicName}.dlq`;
}

/**
 * A stable id from the parts that make a fact unique. The same parts always give the same id.
 * @returns 32 lower-case hexadecimal characters (the first 128 bits of SHA-256).
 */
export function hashId(...parts: readonly (string | number | bigint | boolean | undefined)[]): string {
  let whole = '';
  // Length-prefixed, so that no two lists of parts run together to the same bytes.
  for (const part of parts) {
    const text = String(part ?? '');
    whole += `${Buffer.byteLength(text)}:${text}`;
  }
  return hash('sha256', whole, 'hex').slice(0, 32);
}

/**
 * The id of an inbound message.
 * @param scope What the provider's id is unique in: usually the account; empty when it is unique everywhere.
 */
export function inboundMessageId(channel: string, scope: string, providerId: string): string {
  return hashId('inbound', channel, scope, providerId);
}
