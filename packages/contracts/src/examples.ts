import {
  BounceReport,
  ChannelDeclaration,
  Delivery,
  InboundMessage,
  OutboundMessage,
  Signal,
} from './gen/tributary/messages/v1/messages.ts';
import { Grade, Offer, RoutingDecision } from './gen/tributary/routing/v1/routing.ts';
import { TicketEvent } from './gen/tributary/tickets/v1/tickets.ts';
import { hashId, inboundMessageId, topics } from './topics.ts';

// One problem from the first mail to the closed ticket: the examples of docs/events.md.

const mailId = inboundMessageId('email', '', '20260501.0815@example.com sha256:1f0c');
const ticketId = hashId('ticket', mailId);
const ticketNumber = '20260501001';
const conversationKey = 'email:4be1f0c2a7d95e3386c4d1b0a9f87e65';
const at = (time: string) => new Date(`2026-05-01T${time}.000Z`);
const customer = { kind: 'email', address: 'mei@example.com', displayName: 'Mei Lin', verification: 2 } as const;
const agent = { kind: 1, id: 'ada', displayName: 'Ada' } as const;
const router = { kind: 3, id: 'router', displayName: '' } as const;
const ticketing = { kind: 3, id: 'ticketing', displayName: '' } as const;

const grade = Grade.fromPartial({
  type: 1,
  severity: 1,
  complexity: 2,
  language: 'en',
  region: 'emea',
  sentiment: 1,
  skills: [{ skill: 'hardware', proficiency: 3 }],
  queue: 'hardware',
  reasons: [
    { field: 'type', rule: 'hardware-words', detail: '"battery", "smoke" in the text' },
    { field: 'severity', rule: 'safety', detail: '"smoke" in the text' },
    { field: 'language', rule: 'language-detector', detail: 'en' },
    { field: 'region', rule: 'account-region', detail: 'support belongs to emea' },
  ],
  policyVersion: 'demo-1@5f2c9a10',
});

const inbound = InboundMessage.fromPartial({
  id: mailId,
  channel: 'email',
  account: 'support',
  providerMessageId: '20260501.0815@example.com',
  conversationKey,
  sender: customer,
  subject: 'Smoke from the battery',
  text: 'My scooter battery gives off smoke when charging. What shall I do?',
  kind: 1,
  visibility: 1,
  automatic: 1,
  attachments: [
    {
      blob: {
        key: '9b74c9897bac770ffc029102a200c5de',
        mediaType: 'image/jpeg',
        size: 48213n,
        sha256: '9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de',
      },
      name: 'battery.jpg',
    },
  ],
  providerTime: at('08:14:58'),
  receivedTime: at('08:15:00'),
  raw: {
    key: 'e4d909c290d0fb1ca068ffaddf22cbd0',
    mediaType: 'message/rfc822',
    size: 66120n,
    sha256: 'e4d909c290d0fb1ca068ffaddf22cbd0e4d909c290d0fb1ca068ffaddf22cbd0',
  },
});

const bounce = InboundMessage.fromPartial({
  id: inboundMessageId('email', '', 'bounce-77@mx.example.com sha256:88aa'),
  channel: 'email',
  account: 'support',
  providerMessageId: 'bounce-77@mx.example.com',
  conversationKey,
  sender: { kind: 'email', address: 'mailer-daemon@mx.example.com', verification: 2 },
  subject: 'Undelivered Mail Returned to Sender',
  kind: 1,
  visibility: 1,
  automatic: 3,
  bounce: BounceReport.fromPartial({
    outboundMessageId: hashId('outbound', ticketId, 2),
    recipient: 'mei@example.com',
    status: '5.2.2',
    diagnostic: 'mailbox full',
    permanent: true,
  }),
  receivedTime: at('08:20:00'),
});

const mention = InboundMessage.fromPartial({
  id: inboundMessageId('feeds', 'press', 'blog.example.com/scooters-compared'),
  channel: 'feeds',
  account: 'press',
  providerMessageId: 'blog.example.com/scooters-compared',
  conversationKey: `feeds:press:${hashId('blog.example.com/scooters-compared')}`,
  sender: { kind: 'feeds', address: 'blog.example.com:Bo', displayName: 'Bo', verification: 1 },
  subject: 'Scooters compared',
  text: 'Of the five, the Tributary went farthest.',
  kind: 2,
  visibility: 2,
  automatic: 4,
  languageHint: 'en',
  providerTime: at('07:30:00'),
  receivedTime: at('07:40:00'),
  attributes: {
    page: 'https://blog.example.com/scooters-compared',
    feed: 'https://blog.example.com/feed.xml',
    words: 'Tributary',
  },
});

const outbound = OutboundMessage.fromPartial({
  id: hashId('outbound', ticketId, 5),
  ticketId,
  ticketNumber,
  channel: 'email',
  account: 'support',
  conversationKey,
  recipients: [customer],
  subject: 'Re: Smoke from the battery',
  text: 'Please unplug it at once and keep it away from anything that burns. A replacement is on its way.',
  references: ['20260501.0815@example.com'],
  visibility: 1,
  purpose: 1,
  language: 'en',
  authorName: 'Ada',
  createdTime: at('08:21:00'),
});

const delivery = Delivery.fromPartial({
  id: hashId('delivery', outbound.id, 1),
  outboundMessageId: outbound.id,
  ticketId,
  channel: 'email',
  account: 'support',
  conversationKey,
  status: 1,
  providerMessageId: `out.${outbound.id}@support.example.com`,
  time: at('08:21:01'),
});

const signal = Signal.fromPartial({
  conversationKey: 'chat:0f8fad5bd9cb469fa16570867728950e',
  channel: 'chat',
  ticketId,
  kind: 1,
  fromAgent: true,
  authorName: 'Ada',
  time: at('08:30:00'),
});

const decision = RoutingDecision.fromPartial({
  id: hashId('decision', ticketId, mailId),
  ticketId,
  ticketNumber,
  messageId: mailId,
  trigger: 1,
  grade,
  steps: [
    { index: 0, skills: grade.skills, regions: ['emea'], language: 'en', expiresAfterMs: 60_000n, tier: 1 },
    { index: 1, skills: grade.skills, language: 'en', tier: 1 },
  ],
  stepIndex: 0,
  candidates: [
    { agentId: 'ada', qualified: true, proficiency: 4, relativeLoad: 0.2, idleMs: 90_000n, rank: 1 },
    { agentId: 'bao', qualified: false, reason: 'is away' },
    { agentId: 'chen', qualified: false, reason: 'does not speak en' },
  ],
  outcome: 1,
  agentId: 'ada',
  capacityUnits: 10,
  policyVersion: grade.policyVersion,
  time: at('08:15:00'),
});

const callKey = 'phone:CA5ef8732a3c49700934481addd5ce1659';
const call = InboundMessage.fromPartial({
  id: inboundMessageId('phone', '+4930123456', 'CA5ef8732a3c49700934481addd5ce1659'),
  channel: 'phone',
  account: '+4930123456',
  providerMessageId: 'CA5ef8732a3c49700934481addd5ce1659',
  conversationKey: callKey,
  sender: { kind: 'phone', address: '+4915112345678', verification: 2 },
  text: 'Call about: device',
  kind: 4,
  visibility: 1,
  automatic: 1,
  call: { menuChoice: 'device' },
  languageHint: 'de',
  receivedTime: at('09:00:00'),
});

const callTicketId = hashId('ticket', call.id);
const offer = Offer.fromPartial({
  id: hashId('offer', callTicketId, 'ada', 1),
  ticketId: callTicketId,
  ticketNumber: '20260501002',
  messageId: call.id,
  agentId: 'ada',
  agentName: 'Ada',
  agentCallAddress: 'tel:+4930987654',
  channel: 'phone',
  account: call.account,
  conversationKey: callKey,
  state: 1,
  madeTime: at('09:00:00'),
  expiresTime: at('09:00:20'),
  capacityUnits: 100,
  decisionId: hashId('decision', callTicketId, call.id),
  grade,
});

const declaration = ChannelDeclaration.fromPartial({
  channel: 'telegram',
  capabilities: {
    maxTextLength: 4096,
    splitsText: true,
    media: [
      { mediaType: 'image/*', maxBytes: 10_485_760n },
      { mediaType: '*/*', maxBytes: 52_428_800n },
    ],
    replyVisibilities: [1],
    edits: true,
    typing: true,
  },
  time: at('06:00:00'),
});

const deadline = { kind: 1, dueTime: at('10:15:00') } as const;
const entry = {
  id: mailId,
  kind: 1,
  author: { kind: 2, id: 'c-81', displayName: 'Mei Lin' },
  channel: 'email',
  text: inbound.text,
  time: at('08:15:00'),
} as const;

type PartialEvent = Parameters<typeof TicketEvent.fromPartial>[0];
const changes: readonly (readonly [PartialEvent['change'], PartialEvent])[] = [
  [
    {
      $case: 'created',
      value: {
        subject: inbound.subject,
        customerId: 'c-81',
        contact: customer,
        grade,
        queue: 'hardware',
        channel: 'email',
        account: 'support',
        conversationKey,
        deadlines: [deadline],
        followsTicketId: '',
      },
    },
    { actor: ticketing, state: 1 },
  ],
  [
    { $case: 'messageReceived', value: { entry } },
    { actor: entry.author, state: 1 },
  ],
  [
    { $case: 'assigned', value: { ownerId: 'ada', previousOwnerId: '', decisionId: decision.id } },
    { actor: router, state: 1 },
  ],
  [
    {
      $case: 'replyAdded',
      value: {
        entry: { id: outbound.id, kind: 2, author: agent, channel: 'email', text: outbound.text, time: at('08:21:00') },
      },
    },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'deadlineMet', value: { deadline: { ...deadline, metTime: at('08:21:00') } } },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'deliveryUpdated', value: { entryId: outbound.id, status: 1, reason: '' } },
    { actor: { kind: 3, id: 'gateway-email', displayName: '' }, state: 2 },
  ],
  [
    {
      $case: 'noteAdded',
      value: { entry: { id: 'n1', kind: 3, author: agent, text: 'Serial number asked for.', time: at('08:22:00') } },
    },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'regraded', value: { grade: { ...grade, severity: 2 } } },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'pending', value: { until: at('18:00:00'), reason: 'waiting for the serial number' } },
    { actor: agent, state: 3 },
  ],
  [
    {
      $case: 'deadlineWarned',
      value: {
        deadline: { kind: 2, dueTime: new Date('2026-05-04T08:15:00Z'), warnedTime: new Date('2026-05-03T14:15:00Z') },
      },
    },
    { actor: ticketing, state: 3 },
  ],
  [
    {
      $case: 'deadlineBreached',
      value: {
        deadline: {
          kind: 2,
          dueTime: new Date('2026-05-04T08:15:00Z'),
          breachedTime: new Date('2026-05-04T08:15:00Z'),
        },
      },
    },
    { actor: ticketing, state: 3 },
  ],
  [
    {
      $case: 'escalated',
      value: {
        fromTier: 1,
        toTier: 2,
        reason: 'needs the battery laboratory',
        previousOwnerId: 'ada',
        queue: 'hardware',
      },
    },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'unassigned', value: { previousOwnerId: 'ada', queue: 'hardware', reason: 'escalated' } },
    { actor: agent, state: 2 },
  ],
  [
    { $case: 'resolved', value: { solution: 'Battery replaced.' } },
    { actor: agent, state: 4 },
  ],
  [
    { $case: 'reopened', value: { reason: 'the customer wrote again' } },
    { actor: ticketing, state: 2 },
  ],
  [
    { $case: 'closed', value: {} },
    { actor: ticketing, state: 5 },
  ],
];

const ticketEvents = changes.map(([change, fields], index) => {
  const sequence = BigInt(index + 1);
  return TicketEvent.fromPartial({
    id: hashId('event', ticketId, sequence),
    ticketId,
    ticketNumber,
    sequence,
    version: sequence,
    time: new Date(at('08:15:00').getTime() + index * 60_000),
    commandId: index < 2 ? mailId : `command-${index}`,
    ownerId: index < 2 ? '' : 'ada',
    queue: 'hardware',
    ...fields,
    change,
  } as PartialEvent);
});

/** An example of every event, by topic name: what docs/events.md shows. */
export const examples: Readonly<Record<string, readonly unknown[]>> = {
  [topics.inbound.name]: [inbound, bounce, call],
  [topics.mentions.name]: [mention],
  [topics.outbound.name]: [outbound],
  [topics.delivery.name]: [delivery],
  [topics.signals.name]: [signal],
  [topics.decisions.name]: [decision],
  [topics.ticketEvents.name]: ticketEvents,
  [topics.offers.name]: [
    offer,
    Offer.fromPartial({ ...offer, state: 3, reason: 'in a meeting', endedTime: at('09:00:07') }),
  ],
  [topics.channels.name]: [declaration],
};
