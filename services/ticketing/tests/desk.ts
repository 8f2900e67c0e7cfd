import {
  type Actor,
  ActorKind,
  Automatic,
  allTopics,
  type CommandContext,
  ContactPoint,
  Delivery,
  deadLetterTopic,
  decodeEvent,
  encodeEvent,
  Grade,
  InboundMessage,
  type IngestResult,
  inboundMessageId,
  type OutboundMessage,
  type TicketEvent,
  topics,
  Verification,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import { type Clock, createLogger } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { createTicketing, readTicketingConfig, type TicketingService } from '../src/service.ts';

/** What a test runs on. */
export interface Adapters {
  readonly eventLog: EventLog;
  readonly docStore: DocStore;
}

/** Opens adapters with an empty store; the event log may be shared with other tests. */
export type OpenAdapters = () => Promise<Adapters & AsyncDisposable>;

/** A running ticketing service with what a test needs around it. */
export class Desk implements AsyncDisposable {
  readonly service: TicketingService;
  readonly clock: Clock;
  readonly adapters: Adapters;
  readonly events: TicketEvent[] = [];
  readonly outbound: OutboundMessage[] = [];
  readonly deadLetters: string[] = [];
  #close: (() => Promise<unknown>)[] = [];

  private constructor(service: TicketingService, clock: Clock, adapters: Adapters) {
    this.service = service;
    this.clock = clock;
    this.adapters = adapters;
  }

  static async open(
    adapters: Adapters,
    { clock: given, environment = {}, start = true }: DeskOptions = {},
  ): Promise<Desk> {
    const clock = given ?? new ManualClock();
    await adapters.eventLog.applyTopics(
      allTopics.flatMap(({ name, partitions, retentionMs }) => [
        { name, partitions, retentionMs },
        { name: deadLetterTopic(name), partitions: 1, retentionMs: -1 },
      ]),
    );
    const config = readTicketingConfig(environment);
    const logger = createLogger('ticketing', 'silent');
    const service = await createTicketing({ config, ...adapters, clock, logger });
    const desk = new Desk(service, clock, adapters);
    const tail = await adapters.eventLog.tail({
      topics: [topics.ticketEvents.name, topics.outbound.name, deadLetterTopic(topics.delivery.name)],
      from: 'start',
      handle(record) {
        if (record.topic === topics.ticketEvents.name) desk.events.push(decodeEvent(topics.ticketEvents, record));
        else if (record.topic === topics.outbound.name) desk.outbound.push(decodeEvent(topics.outbound, record));
        else desk.deadLetters.push(String(record.headers['dlq_cause']));
      },
    });
    desk.#close.push(() => tail.stop());
    if (start) {
      await service.start();
      desk.#close.push(() => service.stop());
    }
    return desk;
  }

  /** While a test waits for the outside, its clock goes on about as fast as the real one. */
  async #tick(): Promise<void> {
    if (this.clock instanceof ManualClock) await this.clock.advance(20);
  }

  /** Moves the clock on. */
  async advance(byMs: number): Promise<void> {
    if (!(this.clock instanceof ManualClock)) throw new Error('the system clock cannot be moved');
    await this.clock.advance(byMs);
  }

  get tickets() {
    return this.service.tickets;
  }

  /** Takes messages in one batch. */
  async ingest(...messages: readonly InboundMessage[]): Promise<IngestResult[]> {
    return this.ingestGraded(...messages.map((message) => ({ message, grade: grade() })));
  }

  async ingestGraded(...items: readonly { message: InboundMessage; grade: Grade }[]): Promise<IngestResult[]> {
    return (await this.tickets.ingestMessages({ items: [...items] })).results;
  }

  /** Takes one message. */
  async take(message: InboundMessage): Promise<IngestResult> {
    const [result] = await this.ingest(message);
    if (result === undefined) throw new Error('no result');
    return result;
  }

  async report(delivery: Partial<Delivery>): Promise<void> {
    const full = Delivery.fromPartial({ channel: 'email', account: 'support', conversationKey: 'c', ...delivery });
    const id = full.id || `${full.outboundMessageId} ${full.status}`;
    await this.adapters.eventLog.append([encodeEvent(topics.delivery, { ...full, id }, 'test')]);
  }

  /** The events of one ticket as published, once each, when there are at least so many. */
  async published(ticketId: string, atLeast: number): Promise<TicketEvent[]> {
    return until(`${atLeast} events of ${ticketId}`, async () => {
      await this.#tick();
      const found = new Map(
        this.events.filter((event) => event.ticketId === ticketId).map((event) => [event.sequence, event]),
      );
      return found.size >= atLeast && [...found.values()];
    });
  }

  /** What was sent to a ticket's customer, when there is at least so much. */
  async sent(ticketId: string, atLeast: number): Promise<OutboundMessage[]> {
    return until(`${atLeast} outbound messages of ${ticketId}`, async () => {
      await this.#tick();
      const found = new Map(this.outbound.filter((m) => m.ticketId === ticketId).map((m) => [m.id, m]));
      return found.size >= atLeast && [...found.values()];
    });
  }

  async [Symbol.asyncDispose]() {
    for (const close of this.#close.reverse()) await close();
  }
}

export interface DeskOptions {
  /** Default: one that stands still until the test moves it. */
  readonly clock?: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  /** False: nothing is published, as after a crash between the write and the relay. */
  readonly start?: boolean;
}

let counter = 0;

/** A mail of somebody new, on a conversation of its own, unless told otherwise. */
export function mail(fields: Partial<InboundMessage> & { readonly from?: string } = {}): InboundMessage {
  const { from = `sender${++counter}@example.org`, ...rest } = fields;
  const providerMessageId = rest.providerMessageId ?? `m${++counter}@example.org`;
  return InboundMessage.fromPartial({
    id: inboundMessageId('email', '', providerMessageId),
    channel: 'email',
    account: 'support',
    providerMessageId,
    conversationKey: `email:${providerMessageId}`,
    sender: contact(from),
    subject: 'The lamp does not light',
    text: 'I pressed the button and nothing happened.',
    automatic: Automatic.AUTOMATIC_NONE,
    receivedTime: new Date('2026-05-01T08:00:00Z'),
    ...rest,
  });
}

/** A line of a web chat. */
export function chatLine(session: string, fields: Partial<InboundMessage> = {}): InboundMessage {
  const providerMessageId = fields.providerMessageId ?? `line${++counter}`;
  return InboundMessage.fromPartial({
    id: inboundMessageId('chat', session, providerMessageId),
    channel: 'chat',
    account: 'site',
    providerMessageId,
    conversationKey: `chat:${session}`,
    sender: { kind: 'chat', address: session, displayName: 'Guest', verification: Verification.VERIFICATION_CHANNEL },
    text: 'hello',
    automatic: Automatic.AUTOMATIC_NONE,
    receivedTime: new Date('2026-05-01T08:00:00Z'),
    ...fields,
  });
}

export function contact(address: string, verification: Verification = Verification.VERIFICATION_CHANNEL): ContactPoint {
  return ContactPoint.fromPartial({ kind: 'email', address, verification });
}

export function grade(fields: Partial<Grade> = {}): Grade {
  return Grade.fromPartial({
    type: 1,
    severity: 3,
    complexity: 1,
    language: 'en',
    region: 'eu',
    queue: 'hardware',
    policyVersion: 'test',
    reasons: [{ field: 'type', rule: 'test', detail: 'a test' }],
    ...fields,
  });
}

export const agent: Actor = { kind: ActorKind.ACTOR_KIND_AGENT, id: 'grace', displayName: 'Grace' };

export function by(actor: Actor = agent, commandId = `command-${++counter}`, expectedVersion = 0n): CommandContext {
  return { commandId, actor, expectedVersion };
}
