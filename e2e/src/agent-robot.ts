import { status } from '@grpc/grpc-js';
import {
  ActorKind,
  EntryKind,
  OutboundPurpose,
  StatusError,
  type Ticket,
  type TicketApi,
  TicketState,
} from '@tributary/contracts';
import type { AgentCommand } from './history.ts';
import { pause } from './pause.ts';
import type { Random } from './random.ts';

export interface AgentRobotOptions {
  readonly tickets: TicketApi;
  readonly random: Random;
  /** Written down here before it is given. */
  readonly commands: AgentCommand[];
  /** Aborts when it shall begin nothing new; it still sees a command through to a definite answer. */
  readonly stopWorking: AbortSignal;
  /** Aborts when even that is to end. */
  readonly giveUp: AbortSignal;
}

/** After these the command is decided; after any other it is given again with the same id. */
const definite = new Set([
  status.FAILED_PRECONDITION,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.PERMISSION_DENIED,
]);
const atOnce = 4;
const callTimeoutMs = 8000;

/**
 * All agents in one: answers what customers wrote on tickets that have an owner, and resolves most of them, so that
 * capacity frees up and waiting work moves on. Each command has one id however often it is given.
 */
export async function runAgentRobot(options: AgentRobotOptions): Promise<void> {
  const { stopWorking } = options;
  const seenVersions = new Map<string, bigint>();
  while (!stopWorking.aborted) {
    const owned = await ownedTickets(options).catch(() => []);
    const news = owned.filter(({ id, version }) => seenVersions.get(id) !== version);
    for (let next = 0; next < news.length && !stopWorking.aborted; next += atOnce) {
      await Promise.all(
        news.slice(next, next + atOnce).map(async ({ id, version }) => {
          if (await workOn(id, options)) seenVersions.set(id, version);
        }),
      );
    }
    await pause(300, stopWorking);
  }
}

async function ownedTickets({ tickets, stopWorking }: AgentRobotOptions): Promise<Ticket[]> {
  const found: Ticket[] = [];
  let pageToken = '';
  do {
    const page = await tickets.listTickets(
      {
        states: [TicketState.TICKET_STATE_NEW, TicketState.TICKET_STATE_OPEN],
        ownerId: '',
        region: '',
        channel: '',
        customerId: '',
        queue: '',
        unassigned: false,
        pageSize: 200,
        pageToken,
      },
      { timeoutMs: callTimeoutMs, signal: stopWorking },
    );
    found.push(...page.tickets.filter(({ ownerId }) => ownerId !== ''));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return found;
}

/** @returns false when the ticket could not be read, or is to be looked at again though nothing changes on it. */
async function workOn(ticketId: string, options: AgentRobotOptions): Promise<boolean> {
  const { tickets, random, stopWorking } = options;
  const call = { timeoutMs: callTimeoutMs, signal: stopWorking };
  const ticket = await tickets.getTicket({ id: ticketId }, call).catch(() => undefined);
  if (ticket === undefined) return false;
  const lastIn = ticket.entries.findLastIndex(({ kind }) => kind === EntryKind.ENTRY_KIND_INBOUND);
  const lastReply = ticket.entries.findLastIndex(({ purpose }) => purpose === OutboundPurpose.OUTBOUND_PURPOSE_REPLY);
  if (lastReply < lastIn && random.chance(0.9)) await reply(ticket, options);
  // A ticket that nobody resolves would hold its owner's capacity for ever.
  if (random.chance(0.7)) {
    await resolve(ticket, options);
    return true;
  }
  return false;
}

async function reply(ticket: Ticket, options: AgentRobotOptions): Promise<void> {
  const commandId = `reply-${options.commands.length + 1}-${ticket.id}`;
  const text = `Here is our answer, ${commandId}.`;
  const command: AgentCommand = { commandId, kind: 'reply', ticketId: ticket.id, text, result: 'unknown' };
  const request = {
    ticketId: ticket.id,
    context: contextOf(commandId, ticket),
    text,
    html: '',
    attachments: [],
    visibility: 0,
  };
  await giveUntilDefinite(command, options, (call) => options.tickets.reply({ ...request, visibility: 0 }, call));
}

async function resolve(ticket: Ticket, options: AgentRobotOptions): Promise<void> {
  const commandId = `resolve-${options.commands.length + 1}-${ticket.id}`;
  const command: AgentCommand = { commandId, kind: 'resolve', ticketId: ticket.id, text: '', result: 'unknown' };
  const request = { ticketId: ticket.id, context: contextOf(commandId, ticket), solution: 'Solved.' };
  await giveUntilDefinite(command, options, (call) => options.tickets.resolve(request, call));
}

function contextOf(commandId: string, { ownerId }: Ticket) {
  const actor = { kind: ActorKind.ACTOR_KIND_AGENT, id: ownerId || 'robot', displayName: 'Robot' };
  return { commandId, actor, expectedVersion: 0n };
}

async function giveUntilDefinite(
  command: AgentCommand,
  { commands, random, giveUp }: AgentRobotOptions,
  give: (call: { timeoutMs: number; signal: AbortSignal }) => Promise<unknown>,
): Promise<void> {
  commands.push(command);
  // Some are given once more though they were accepted: the second time must change nothing.
  let repeats = random.chance(0.2) ? 1 : 0;
  while (!giveUp.aborted) {
    try {
      await give({ timeoutMs: callTimeoutMs, signal: giveUp });
      command.result = 'accepted';
      if (repeats-- === 0) return;
    } catch (error) {
      // Once accepted a command stays accepted: whatever a repeat is answered, it must have had its effect once.
      if (error instanceof StatusError && definite.has(error.code)) {
        if (command.result === 'unknown') command.result = 'refused';
        return;
      }
      if (command.result === 'accepted') return;
      await pause(random.between(100, 600), giveUp);
    }
  }
}
