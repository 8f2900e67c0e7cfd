import type { Change } from './changes.ts';
import { whyNotCarried } from './channel-limits.ts';
import type { AddNote, Assign, CallCustomer, Command, RecordDelivery, Reply } from './commands.ts';
import { isTicking, met } from './deadlines.ts';
import { type DecisionContext, reopened } from './decision-context.ts';
import { receiveMessage } from './receive-message.ts';
import { replyReferences } from './references.ts';
import { Rejection } from './rejection.ts';
import { type DeliveryStatus, fullAtChars, fullAtEntries, isRinging, isRunning, type Ticket } from './ticket.ts';

const topTier = 3;
/** An agent may still answer on a ticket that is full for customers' messages, up to this factor. */
const agentHeadroom = 1.2;

/**
 * What a command changes. No changes: it is already so.
 * @throws Rejection when the ticket's state does not allow it.
 */
export function decide(command: Command, ticket: Ticket | undefined, context: DecisionContext): Change[] {
  if (command.type === 'receiveMessage') return receiveMessage(command, ticket, context);
  if (ticket === undefined) throw new Rejection('there is no such ticket');
  switch (command.type) {
    case 'reply':
      return reply(command, ticket, context);
    case 'call':
      return call(command, ticket, context);
    case 'addNote':
      return addNote(command, ticket, context);
    case 'assign':
      return assign(command, ticket, context);
    case 'escalate':
      return escalate(command.reason, command.toTier, ticket);
    case 'setPending':
      return setPending(command.reason, command.untilMs, ticket, context);
    case 'resolve':
      requireRunning(ticket, 'resolved');
      return [{ type: 'resolved', solution: command.solution }, ...met('resolution', ticket.deadlines, context.nowMs)];
    case 'reopen':
      if (ticket.state !== 'resolved' && ticket.state !== 'pending') {
        throw new Rejection(
          `a ticket that is ${ticket.state} cannot be reopened; only one that is resolved or pending`,
        );
      }
      return [reopened(command.reason, ticket, context)];
    case 'close':
      if (ticket.state !== 'resolved') {
        throw new Rejection(`a ticket that is ${ticket.state} cannot be closed; resolve it first`);
      }
      return [{ type: 'closed' }];
    case 'recordDelivery':
      return recordDelivery(command, ticket);
    case 'checkDeadlines':
      return checkDeadlines(ticket, context);
  }
}

function reply(command: Reply, ticket: Ticket, { nowMs, actor, channelLimits }: DecisionContext): Change[] {
  if (ticket.state === 'closed') throw new Rejection('a closed ticket cannot be answered');
  requireRoom(ticket);
  // A call about a ticket of another channel is nothing that could be answered there.
  const written = ticket.entries.filter(
    ({ kind, automatic, channel }) => kind === 'inbound' && automatic === undefined && channel === undefined,
  );
  const visibility = command.visibility ?? written.at(-1)?.visibility ?? 'private';
  // What is said in private answers what was written in private, in that conversation; so in public.
  const answered = written.findLast((entry) => (entry.visibility ?? 'private') === visibility) ?? written.at(-1);
  if (channelLimits !== undefined) {
    const times = { nowMs, customerWroteAtMs: answered?.atMs };
    const why = whyNotCarried({ ...command, visibility }, ticket.channel, channelLimits, times);
    if (why !== undefined) throw new Rejection(why);
  }
  const parent = answered?.answeredUnderIt === true ? answered.providerMessageId : undefined;
  const entry = {
    id: command.entryId,
    kind: 'outbound' as const,
    author: actor,
    atMs: nowMs,
    text: command.text,
    ...(command.html !== '' && { html: command.html }),
    ...(command.attachments.length > 0 && { attachments: command.attachments }),
    ...(visibility === 'public' && { visibility }),
    ...(parent !== undefined && { parentProviderMessageId: parent }),
    ...(answered?.conversationKey !== undefined && { conversationKey: answered.conversationKey }),
    purpose: 'reply' as const,
    references: replyReferences(ticket, answered),
  };
  const answers = actor.kind === 'agent' ? met('first-response', ticket.deadlines, nowMs) : [];
  return [{ type: 'replyAdded', entry }, ...answers];
}

/** That the customer is to be called; whether it answered anything shows when the call is over. */
function call(
  { entryId, phoneNumber }: CallCustomer,
  ticket: Ticket,
  { nowMs, actor, callingChannel }: DecisionContext,
): Change[] {
  if (ticket.state === 'closed') throw new Rejection('the customer of a closed ticket cannot be called');
  if (actor.kind !== 'agent') throw new Rejection('only an agent can call: it is they who are rung first');
  requireRoom(ticket);
  if (callingChannel === undefined) throw new Rejection('no channel of this deployment can call');
  const address = phoneNumber || (ticket.contact.kind === 'phone' ? ticket.contact.address : '');
  if (address === '') throw new Rejection('phone_number: must be given, for the ticket knows none');
  const { displayName, verification } = ticket.contact;
  const isContact = ticket.contact.kind === 'phone' && ticket.contact.address === address;
  const entry = {
    id: entryId,
    kind: 'outbound' as const,
    author: actor,
    atMs: nowMs,
    text: `Calling ${address}`,
    messageKind: 'call' as const,
    call: { talkSeconds: 0, waitSeconds: 0, menuChoice: '', outbound: true },
    channel: callingChannel,
    recipient: { kind: 'phone', address, displayName, verification: isContact ? verification : ('claimed' as const) },
    purpose: 'reply' as const,
  };
  return [{ type: 'replyAdded', entry }];
}

function addNote(command: AddNote, ticket: Ticket, { nowMs, actor }: DecisionContext): Change[] {
  requireRoom(ticket);
  const { entryId: id, text, attachments } = command;
  const entry = { id, kind: 'note' as const, author: actor, atMs: nowMs, text };
  return [{ type: 'noteAdded', entry: attachments.length > 0 ? { ...entry, attachments } : entry }];
}

function assign({ ownerId, decisionId, replaceOwner }: Assign, ticket: Ticket, { nowMs }: DecisionContext): Change[] {
  if (ticket.state === 'closed') throw new Rejection('a closed ticket cannot be assigned');
  const previousOwnerId = ticket.ownerId;
  if (ownerId === previousOwnerId) return [];
  if (ownerId === '') {
    return [{ type: 'unassigned', previousOwnerId, queue: ticket.queue, reason: 'put back into the queue' }];
  }
  if (previousOwnerId !== '' && !replaceOwner) throw new Rejection(`the ticket is owned by ${previousOwnerId}`);
  // A call is answered by picking it up, and whoever picks it up gets the ticket.
  const latest = ticket.entries.findLast(({ kind }) => kind === 'inbound');
  const pickUp = latest !== undefined && isRinging(latest) ? met('first-response', ticket.deadlines, nowMs) : [];
  return [{ type: 'assigned', ownerId, previousOwnerId, decisionId }, ...pickUp];
}

function escalate(reason: string, wantedTier: number, ticket: Ticket): Change[] {
  requireRunning(ticket, 'escalated');
  const { tier: fromTier, ownerId: previousOwnerId, queue } = ticket;
  const toTier = wantedTier === 0 ? fromTier + 1 : wantedTier;
  if (fromTier >= topTier) throw new Rejection(`the ticket is at tier ${topTier}, the highest`);
  if (toTier <= fromTier || toTier > topTier) {
    throw new Rejection(`a ticket at tier ${fromTier} can go to ${fromTier + 1} up to ${topTier}, not to ${toTier}`);
  }
  return [{ type: 'escalated', fromTier, toTier, reason, previousOwnerId, queue }];
}

function setPending(reason: string, untilMs: number | undefined, ticket: Ticket, { nowMs }: DecisionContext): Change[] {
  requireRunning(ticket, 'set pending');
  if (untilMs === undefined) return [{ type: 'pending', reason }];
  if (untilMs <= nowMs) throw new Rejection('the time until which a ticket is pending must lie ahead');
  return [{ type: 'pending', reason, untilMs }];
}

/** Later news never falls behind what is known: read > failed > delivered > sent > uncertain. */
const deliveryOrder: Readonly<Record<DeliveryStatus, number>> = {
  uncertain: 1,
  sent: 2,
  delivered: 3,
  failed: 4,
  read: 5,
};

function recordDelivery(command: RecordDelivery, ticket: Ticket): Change[] {
  const { entryId } = command;
  if (!ticket.entries.some(({ id, kind }) => id === entryId && kind === 'outbound')) {
    throw new Rejection(`the ticket has no outbound message ${entryId}`);
  }
  const known = ticket.deliveries[entryId];
  const isNews = known === undefined || deliveryOrder[command.status] > deliveryOrder[known.status];
  const { status, reason } = isNews ? command : known;
  const providerMessageId = known?.providerMessageId || command.providerMessageId;
  if (!isNews && providerMessageId === known.providerMessageId) return [];
  return [{ type: 'deliveryUpdated', entryId, status, reason, providerMessageId }];
}

function checkDeadlines(ticket: Ticket, context: DecisionContext): Change[] {
  const { nowMs } = context;
  if (ticket.state === 'pending' && ticket.pendingUntilMs !== undefined && nowMs >= ticket.pendingUntilMs) {
    // It moves deadlines; whether one of them is due is for the next check.
    return [reopened('the time it was pending for is over', ticket, context)];
  }
  return ticket.deadlines.flatMap((deadline): Change[] => {
    if (!isTicking(ticket, deadline) || deadline.breachedAtMs !== undefined) return [];
    if (nowMs >= deadline.dueAtMs)
      return [{ type: 'deadlineBreached', deadline: { ...deadline, breachedAtMs: nowMs } }];
    if (nowMs < deadline.warnAtMs || deadline.warnedAtMs !== undefined) return [];
    return [{ type: 'deadlineWarned', deadline: { ...deadline, warnedAtMs: nowMs } }];
  });
}

function requireRunning(ticket: Ticket, what: string): void {
  if (!isRunning(ticket.state)) throw new Rejection(`a ticket that is ${ticket.state} cannot be ${what}`);
}

function requireRoom(ticket: Ticket): void {
  if (ticket.entries.length >= fullAtEntries * agentHeadroom || ticket.contentChars >= fullAtChars * agentHeadroom) {
    throw new Rejection('the ticket is full: the next message of the customer starts a follow-up ticket');
  }
}
