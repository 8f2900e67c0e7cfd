import type { Change } from './changes.ts';
import type { ReceiveMessage } from './commands.ts';
import { met, startDeadlines } from './deadlines.ts';
import { type DecisionContext, paceOf, reopened } from './decision-context.ts';
import { type Automatic, type Entry, isCallReport, type Ticket } from './ticket.ts';

/** Machines' messages that are answers to nobody in particular: a ticket they start wants no owner. */
const wantsNobody: ReadonlySet<Automatic> = new Set(['reply', 'bounce', 'own']);

/** A message placed on this ticket; without a ticket it starts one. A message the ticket has already changes nothing. */
export function receiveMessage(
  command: ReceiveMessage,
  ticket: Ticket | undefined,
  context: DecisionContext,
): Change[] {
  const { participants } = command;
  if (ticket === undefined) return start(command, context);
  if (ticket.entries.some(({ id }) => id === command.entry.id)) return [];
  const isElsewhere = command.start.channel !== ticket.channel;
  const entry: Entry = {
    ...inItsConversation(command, ticket, context),
    ...(isElsewhere && { channel: command.start.channel }),
  };
  const changes: Change[] = [{ type: 'messageReceived', entry, participants }, ...bounced(command, ticket)];
  if (isCallReport(entry)) {
    // Nothing is asked of us. That they were spoken with is the answer, when they had none.
    return entry.call?.outcome === 'answered'
      ? [...changes, ...met('first-response', ticket.deadlines, context.nowMs)]
      : changes;
  }
  // A message is placed before it is written. If the ticket was closed in between, the message came first.
  const dormant = ticket.state === 'pending' || ticket.state === 'resolved' || ticket.state === 'closed';
  if (dormant && entry.automatic === undefined) changes.push(reopened('the customer wrote', ticket, context, entry));
  return changes;
}

/** On a channel where a ticket may have a public and a private conversation, an answer must go to the right one. */
function inItsConversation({ entry, start }: ReceiveMessage, ticket: Ticket, { policy }: DecisionContext): Entry {
  const { conversationKey } = start;
  const isOther = policy.publicFirstChannels.has(ticket.channel) && conversationKey !== ticket.conversationKey;
  return isOther ? { ...entry, conversationKey } : entry;
}

function start({ entry, participants, start: facts }: ReceiveMessage, { policy }: DecisionContext): Change[] {
  const { acknowledgement, ...rest } = facts;
  const unwanted = entry.automatic !== undefined && wantsNobody.has(entry.automatic);
  const pace = paceOf(entry, facts.channel, policy);
  const deadlines = unwanted ? [] : startDeadlines(facts.grade, facts.receivedAtMs, pace, policy.deadlines);
  const changes: Change[] = [
    { type: 'created', ...rest, queue: facts.grade.queue, deadlines },
    { type: 'messageReceived', entry, participants },
  ];
  if (unwanted) changes.push({ type: 'resolved', solution: 'An automatic message that needs no answer.' });
  else if (acknowledgement !== undefined && entry.automatic === undefined) {
    changes.push({ type: 'replyAdded', entry: acknowledgement });
  }
  return changes;
}

function bounced({ bounce }: ReceiveMessage, ticket: Ticket): Change[] {
  if (bounce === undefined || !bounce.failed) return [];
  const failed = ticket.entries.find(({ id, kind }) => {
    if (kind !== 'outbound') return false;
    const providerMessageId = ticket.deliveries[id]?.providerMessageId ?? '';
    return id === bounce.entryId || (providerMessageId !== '' && bounce.references.includes(providerMessageId));
  });
  if (failed === undefined) return [];
  const known = ticket.deliveries[failed.id];
  if (known?.status === 'failed' || known?.status === 'read') return [];
  const providerMessageId = known?.providerMessageId ?? '';
  return [{ type: 'deliveryUpdated', entryId: failed.id, status: 'failed', reason: bounce.reason, providerMessageId }];
}
