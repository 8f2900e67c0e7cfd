import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  allTopics,
  decodeEvent,
  encodeEvent,
  InboundMessage,
  inboundMessageId,
  type Offer,
  type RoutingDecision,
  type Topic,
  topics,
} from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import type { EventLog } from '@tributary/eventlog';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { type Clock, createLogger, systemClock } from '@tributary/runtime';
import { until } from '@tributary/testing';
import { createRouter, type RouterDependencies, type RouterService } from '../src/service.ts';
import { FakeTickets } from './fake-tickets.ts';

const logger = createLogger('router-test', process.env.TEST_LOG_LEVEL ?? 'silent');

export interface HarnessOptions {
  readonly eventLog?: EventLog;
  readonly docStore?: DocStore;
  readonly clock?: Clock;
  /** YAML of the policy. Default: `smallPolicy`. */
  readonly policy?: string;
}

/** A router with real adapters and a stand-in for ticketing. Disposing it frees everything. */
export async function startHarness(options: HarnessOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'router-'));
  const policyFile = join(folder, 'policy.yaml');
  await writeFile(policyFile, options.policy ?? smallPolicy());
  const eventLog = options.eventLog ?? (await openEmbeddedLog({ folder: ':memory:' }));
  const docStore = options.docStore ?? (await openEmbeddedStore({ folder: ':memory:' }));
  const clock = options.clock ?? systemClock;
  await eventLog.applyTopics(
    allTopics.flatMap(({ name, partitions, retentionMs }) => [
      { name, partitions, retentionMs },
      { name: `${name}.dlq`, partitions: 1, retentionMs: -1 },
    ]),
  );
  const tickets = new FakeTickets();
  const routers: RouterService[] = [];
  const decisions: RoutingDecision[] = [];
  const offers: Offer[] = [];
  const reader = await eventLog.tail({
    topics: [topics.decisions.name, topics.offers.name],
    from: 'start',
    handle(record) {
      if (record.topic === topics.offers.name) offers.push(decodeEvent(topics.offers, record));
      else decisions.push(decodeEvent(topics.decisions, record));
    },
  });
  let counter = 0;

  const harness = {
    tickets,
    decisions,
    /** Every record of routing.offers.v1. */
    offers,
    clock,
    eventLog,
    docStore,
    policyFile,
    /** Builds and starts one more router on the same log and store. */
    async startRouter(through: Partial<RouterDependencies> = {}): Promise<RouterService> {
      const router = await createRouter({
        config: { policyFile, seedPresence: 'online' },
        eventLog,
        docStore,
        tickets: tickets.api,
        clock,
        logger,
        ...through,
      });
      await router.start();
      routers.push(router);
      return router;
    },
    async append<T>(topic: Topic<T>, ...messages: readonly T[]): Promise<void> {
      await eventLog.append(messages.map((message) => encodeEvent(topic, message, 'test')));
    },
    /** A customer writes. @returns the message. */
    async write(fields: Partial<InboundMessage> = {}): Promise<InboundMessage> {
      const message = inbound({ providerMessageId: `m${++counter}`, ...fields });
      await harness.append(topics.inbound, message);
      return message;
    },
    /** Lets the router hear what happened in ticketing since the last time. */
    async tellEvents(): Promise<void> {
      await harness.append(topics.ticketEvents, ...tickets.takeEvents());
    },
    /** The latest decision made about this message. */
    decisionOn(message: InboundMessage): Promise<RoutingDecision> {
      return until(`a decision on ${message.id}`, () =>
        decisions.findLast(({ messageId }) => messageId === message.id),
      );
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(routers.map((router) => router.stop()));
      await reader.stop();
      await rm(folder, { recursive: true });
      if (options.eventLog === undefined) await eventLog[Symbol.asyncDispose]();
      if (options.docStore === undefined) await docStore[Symbol.asyncDispose]();
    },
  };
  return harness;
}

export type Harness = Awaited<ReturnType<typeof startHarness>>;

/** A message as a gateway would make it. */
function inbound(fields: Partial<InboundMessage> & { readonly providerMessageId: string }): InboundMessage {
  const { providerMessageId } = fields;
  return InboundMessage.fromPartial({
    id: inboundMessageId('email', '', providerMessageId),
    channel: 'email',
    account: 'support@example.com',
    conversationKey: `conversation-${providerMessageId}`,
    sender: { kind: 'email', address: `${providerMessageId}@example.com` },
    subject: 'A question',
    text: 'How do I reset my device?',
    receivedTime: new Date('2026-05-01T08:00:00Z'),
    ...fields,
  });
}

export interface TestAgent {
  readonly id: string;
  readonly capacity?: number;
  readonly regions?: readonly string[];
  readonly languages?: readonly string[];
  readonly skills?: Readonly<Record<string, number>>;
  readonly tier?: number;
  readonly shifts?: string;
  readonly callAddress?: string;
}

/**
 * A policy of few rules. An email takes 10 units, a chat 25, a call 100; two steps: the region's own, then anyone, after 60 s.
 * @param offers YAML of the channels that are offered.
 */
export function smallPolicy(agents: readonly TestAgent[] = [{ id: 'ann' }, { id: 'bob' }], offers = '{}'): string {
  return `
version: test
languages: [en, de]
regions:
  - { id: emea, countries: [DE, GB], neighbours: [americas] }
  - { id: americas, countries: [US], neighbours: [emea] }
default_region: emea
types:
  default: usage_question
  order: [hardware_fault, software_bug, complaint, suggestion, usage_question]
  rules:
    - { id: hardware, type: hardware_fault, phrases: [broken, smoke] }
    - { id: software, type: software_bug, phrases: [app crashes] }
severities:
  rules:
    - { id: danger, severity: urgent, phrases: [smoke] }
sentiment: { negative: [angry], positive: [thanks] }
skills:
  - { id: hardware, when: { types: [hardware_fault] }, skill: hardware, proficiency: 3 }
  - { id: software, when: { types: [software_bug] }, skill: software, proficiency: 1 }
queues: { default: general }
steps:
  - id: near
    region: same
    tier: same
    skip_when_nobody_present: false
    expires_after: { urgent: 60s, important: 60s, normal: 60s }
  - id: anyone
    skills: none
    expires_after: { urgent: never, important: never, normal: never }
capacity: { default: 10, channels: { chat: 25, phone: 100 } }
offers: ${offers}
credits:
  severity: { urgent: 4h, important: 1h, normal: never }
agents:
${agents.map(agentYaml).join('\n')}
`;
}

function agentYaml(agent: TestAgent): string {
  const skills = Object.entries(agent.skills ?? { hardware: 3, software: 3 });
  return `  - id: ${agent.id}
    name: ${agent.id}
    regions: [${agent.regions ?? 'emea'}]
    languages: [${agent.languages ?? 'en'}]
    skills: [${skills.map(([skill, proficiency]) => `{ skill: ${skill}, proficiency: ${proficiency} }`)}]
    tier: ${agent.tier ?? 1}
    capacity_units: ${agent.capacity ?? 100}
    time_zone: Europe/Berlin
    call_address: ${agent.callAddress ?? '""'}
    shifts: ${agent.shifts ?? '[]'}`;
}
