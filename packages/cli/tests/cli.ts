import {
  Agent,
  type AgentApi,
  Offer,
  type RoutingApi,
  RoutingDecision,
  StatusError,
  Ticket,
  type TicketApi,
} from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { CliContext } from '../src/context.ts';
import { run } from '../src/program.ts';

/** The present of every test: 2026-11-22, nine in the morning. */
const nowMs = Date.parse('2026-11-22T09:00:00Z');

type Calls = Record<string, unknown[]>;

/** An API of which only the named functions are there; `calls` keeps what they were asked. */
function fakeApi<Api extends object>(functions: Partial<Api>, calls: Calls): Api {
  return new Proxy({} as Api, {
    get(_, name: string) {
      if (name === 'then') return undefined;
      return async (request: unknown) => {
        calls[name] = [...(calls[name] ?? []), request];
        const implementation = functions[name as keyof Api] as ((request: unknown) => unknown) | undefined;
        if (implementation === undefined) throw new StatusError(12, `${name} is not implemented`);
        return implementation(request);
      };
    },
  });
}

export interface Fakes {
  readonly tickets?: Partial<TicketApi>;
  readonly agents?: Partial<AgentApi>;
  readonly routing?: Partial<RoutingApi>;
  readonly log?: EventLog;
  readonly environment?: Record<string, string>;
  readonly columns?: number;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Sees standard output as it is written. */
  readonly print?: (text: string) => void;
}

/** Runs one command line in this process. */
export async function cli(words: readonly string[], fakes: Fakes = {}) {
  const calls: Calls = {};
  const result = { exitCode: -1 as number, stdout: '', stderr: '', calls };
  let ids = 0;
  const context: CliContext = {
    environment: fakes.environment ?? {},
    stdout: {
      write: (text) => {
        result.stdout += text;
        fakes.print?.(text);
      },
      ...(fakes.columns === undefined ? {} : { columns: fakes.columns }),
    },
    stderr: {
      write: (text) => {
        result.stderr += text;
      },
    },
    connections: {
      tickets: async () => fakeApi<TicketApi>(fakes.tickets ?? {}, calls),
      agents: async () => fakeApi<AgentApi>(fakes.agents ?? {}, calls),
      routing: async () => fakeApi<RoutingApi>(fakes.routing ?? {}, calls),
      log: async () => {
        if (fakes.log === undefined) throw new Error('this test has no log');
        return fakes.log;
      },
    },
    now: () => nowMs,
    signal: fakes.signal ?? new AbortController().signal,
    userName: 'dev',
    workingDirectory: import.meta.dirname,
    newId: () => `id-${++ids}`,
    readStdin: async () => fakes.stdin ?? '',
  };
  result.exitCode = await run(words, context);
  return result;
}

export const ticket: Ticket = Ticket.fromJSON({
  id: 'ticket-1',
  number: '20261122001',
  state: 'TICKET_STATE_OPEN',
  version: 5,
  customerId: 'customer-1',
  contact: { kind: 'email', address: 'mei@example.com', displayName: '王小明' },
  subject: 'Smoke from the battery',
  grade: {
    type: 'TICKET_TYPE_HARDWARE_FAULT',
    severity: 'SEVERITY_URGENT',
    complexity: 'COMPLEXITY_SIMPLE',
    language: 'zh',
    region: 'north',
    sentiment: 'SENTIMENT_NEGATIVE',
    skills: [{ skill: 'hardware', proficiency: 3 }],
    queue: 'hardware',
  },
  ownerId: 'anna',
  queue: 'hardware',
  tier: 1,
  channel: 'email',
  account: 'support',
  conversationKey: 'email:1',
  deadlines: [
    { kind: 'DEADLINE_KIND_FIRST_RESPONSE', dueTime: '2026-11-22T10:00:00Z', metTime: '2026-11-22T08:30:00Z' },
    { kind: 'DEADLINE_KIND_RESOLUTION', dueTime: '2026-11-22T08:50:00Z' },
  ],
  receivedTime: '2026-11-22T08:00:00Z',
  updatedTime: '2026-11-22T08:30:00Z',
  entries: [
    {
      id: 'm1',
      kind: 'ENTRY_KIND_INBOUND',
      author: { kind: 'ACTOR_KIND_CUSTOMER', id: 'customer-1', displayName: '王小明' },
      channel: 'email',
      text: 'It smokes.\nWhat shall I do?',
      time: '2026-11-22T08:00:00Z',
      attachments: [{ name: 'battery.jpg', blob: { key: 'b', mediaType: 'image/jpeg', size: 48213 } }],
    },
    {
      id: 'o1',
      kind: 'ENTRY_KIND_OUTBOUND',
      author: { kind: 'ACTOR_KIND_AGENT', id: 'anna', displayName: 'Anna' },
      channel: 'email',
      text: 'Unplug it.',
      time: '2026-11-22T08:30:00Z',
      deliveryStatus: 'DELIVERY_STATUS_FAILED',
      deliveryReason: 'mailbox full',
    },
  ],
});

export const agent: Agent = Agent.fromJSON({
  id: 'anna',
  name: 'Anna Berg',
  email: 'anna@example.com',
  regions: ['north', 'west'],
  languages: ['en', 'zh'],
  skills: [{ skill: 'hardware', proficiency: 5 }],
  tier: 1,
  capacityUnits: 100,
  presence: 'PRESENCE_ONLINE',
  timeZone: 'Europe/Berlin',
  shifts: [{ weekdays: [1, 2], start: '09:00', end: '17:00' }],
  loadUnits: 35,
  work: { 'ticket-1': 10, 'ticket-2': 25 },
  onShift: true,
});

export const decision: RoutingDecision = RoutingDecision.fromJSON({
  id: 'decision-1',
  ticketId: 'ticket-1',
  ticketNumber: '20261122001',
  messageId: 'm1',
  trigger: 'DECISION_TRIGGER_MESSAGE',
  grade: {
    ...(Ticket.toJSON(ticket) as { grade: object }).grade,
    reasons: [
      { field: 'severity', rule: 'smoke', detail: '"smoke" in the text' },
      { field: 'region', rule: 'account-region', detail: '' },
    ],
  },
  steps: [
    {
      index: 0,
      skills: [{ skill: 'hardware', proficiency: 3 }],
      regions: ['north'],
      language: 'zh',
      expiresAfterMs: 120000,
    },
    { index: 1, skills: [{ skill: 'hardware', proficiency: 3 }] },
  ],
  stepIndex: 0,
  candidates: [
    {
      agentId: 'anna',
      qualified: true,
      runningProblemOwner: true,
      proficiency: 5,
      relativeLoad: 0.25,
      idleMs: 180000,
      rank: 1,
    },
    { agentId: 'ben', qualified: true, proficiency: 4, relativeLoad: 0.5, idleMs: 60000, rank: 2 },
    { agentId: 'cara', qualified: false, reason: 'does not speak zh', proficiency: 3 },
  ],
  outcome: 'DECISION_OUTCOME_ASSIGNED',
  agentId: 'anna',
  capacityUnits: 10,
  policyVersion: 'demo-1',
  time: '2026-11-22T08:00:01Z',
});

/** Made ten seconds ago, for twenty. */
export const offer: Offer = Offer.fromJSON({
  id: 'c0ffee0000000000000000000000000000000001',
  ticketId: 'ticket-1',
  ticketNumber: '20261122001',
  messageId: 'm1',
  agentId: 'anna',
  agentName: 'Anna Berg',
  channel: 'phone',
  account: 'hotline',
  conversationKey: 'call:1',
  state: 'OFFER_STATE_PENDING',
  madeTime: '2026-11-22T08:59:50Z',
  expiresTime: '2026-11-22T09:00:10Z',
  capacityUnits: 100,
  decisionId: 'decision-1',
  grade: { type: 'TICKET_TYPE_HARDWARE_FAULT', severity: 'SEVERITY_URGENT' },
});
