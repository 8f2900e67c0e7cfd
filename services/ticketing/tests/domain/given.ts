import type { Change } from '../../src/domain/changes.ts';
import type { Command, ReceiveMessage } from '../../src/domain/commands.ts';
import { standardDeadlines } from '../../src/domain/deadlines.ts';
import { decide } from '../../src/domain/decide.ts';
import type { TicketPolicy } from '../../src/domain/decision-context.ts';
import { record } from '../../src/domain/history.ts';
import type { Actor, Entry, Grade, Ticket } from '../../src/domain/ticket.ts';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
export const start = Date.parse('2026-05-01T08:00:00Z');

export const policy: TicketPolicy = {
  deadlines: standardDeadlines,
  liveChannels: new Set(['chat']),
  publicFirstChannels: new Set(['weibo']),
  publicFirstTypes: new Set(['hardware-fault', 'complaint']),
};
export const grace: Actor = { kind: 'agent', id: 'grace', displayName: 'Grace' };
const customer: Actor = { kind: 'customer', id: 'customer-1', displayName: 'Ada' };

export const grade: Grade = {
  type: 'hardware-fault',
  severity: 'normal',
  complexity: 'simple',
  language: 'en',
  region: 'eu',
  sentiment: 'neutral',
  skills: [],
  queue: 'hardware',
  reasons: [],
  policyVersion: 'test',
};

function inbound(id: string, fields: Partial<Entry> = {}): Entry {
  return { id, kind: 'inbound', author: customer, atMs: start, text: `text of ${id}`, ...fields };
}

export const acknowledgement: Entry = {
  id: 'ack',
  kind: 'outbound',
  author: { kind: 'system', id: 'ticketing', displayName: '' },
  atMs: start,
  text: 'We have it.',
  purpose: 'acknowledgement',
};

/** A message of the customer; `start` describes the ticket it would begin. */
export function receive(
  id: string,
  fields: Partial<Entry> = {},
  facts: Partial<ReceiveMessage['start']> = {},
  bounce?: ReceiveMessage['bounce'],
): ReceiveMessage {
  return {
    type: 'receiveMessage',
    entry: inbound(id, fields),
    participants: ['email:ada@example.org'],
    ...(bounce !== undefined && { bounce }),
    start: {
      ticketId: 't1',
      number: '20260501001',
      customerId: 'customer-1',
      contact: { kind: 'email', address: 'ada@example.org', displayName: 'Ada', verification: 'channel' },
      subject: 'Lamp',
      grade,
      channel: 'email',
      account: 'support',
      conversationKey: 'c1',
      followsTicketId: '',
      receivedAtMs: start,
      ...facts,
    },
  };
}

export const reply = (entryId = 'r1', fields: object = {}): Command => ({
  type: 'reply',
  entryId,
  text: 'An answer.',
  html: '',
  attachments: [],
  ...fields,
});
export const assign = (ownerId: string, replaceOwner = true): Command => ({
  type: 'assign',
  ownerId,
  decisionId: '',
  replaceOwner,
});
export const resolve: Command = { type: 'resolve', solution: 'A new bulb.' };
export const close: Command = { type: 'close' };
export const pending: Command = { type: 'setPending', reason: 'waiting for a part' };
export const reopen: Command = { type: 'reopen', reason: 'it went out again' };
export const escalate: Command = { type: 'escalate', reason: 'too hard', toTier: 0 };
export const check: Command = { type: 'checkDeadlines' };
export const note: Command = { type: 'addNote', entryId: 'n1', text: 'hm', attachments: [] };

/** A command, and how long after the start it comes. */
export type Step = Command | readonly [afterMs: number, command: Command, actor?: Actor];

/** The ticket after these steps. */
export function ticketAfter(...steps: readonly Step[]): Ticket | undefined {
  let ticket: Ticket | undefined;
  steps.forEach((step, i) => {
    const { command, actor, nowMs } = stepOf(step);
    const changes = decide(command, ticket, { nowMs, actor, policy });
    ticket = record(ticket, changes, { atMs: nowMs, actor, commandId: `step ${i}` }).ticket;
  });
  return ticket;
}

/** given(what happened before).when(a command): what it changes, the ticket after it, or why it is refused. */
export function given(...steps: readonly Step[]) {
  return {
    when(step: Step) {
      const { command, actor, nowMs } = stepOf(step);
      const before = ticketAfter(...steps);
      const decideNow = (): Change[] => decide(command, before, { nowMs, actor, policy });
      return {
        get changes() {
          return decideNow();
        },
        get ticket() {
          const after = record(before, decideNow(), { atMs: nowMs, actor, commandId: 'when' }).ticket;
          if (after === undefined) throw new Error('there is no ticket');
          return after;
        },
        decide: decideNow,
      };
    },
  };
}

function stepOf(step: Step): { command: Command; actor: Actor; nowMs: number } {
  const [afterMs, command, actor = grace] = Array.isArray(step)
    ? (step as [number, Command, Actor?])
    : [0, step as Command];
  return { command, actor, nowMs: start + afterMs };
}
