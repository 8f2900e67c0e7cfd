import type { Change } from './changes.ts';
import type { ChannelLimits } from './channel-limits.ts';
import { type DeadlinePolicy, deadlinesOnReopening, type Pace } from './deadlines.ts';
import { type Actor, type Entry, type Grade, isRinging, type Ticket } from './ticket.ts';

/** What a decision depends on beside the ticket. */
export interface DecisionContext {
  readonly nowMs: number;
  readonly actor: Actor;
  readonly policy: TicketPolicy;
  /** What the ticket's channel can carry. Absent: not known, so nothing is refused. */
  readonly channelLimits?: ChannelLimits | undefined;
  /** A channel by which the customer can be called; the ticket's own where it can. Absent: none is known. */
  readonly callingChannel?: string | undefined;
}

export interface TicketPolicy {
  readonly deadlines: DeadlinePolicy;
  /** Channels on which the customer waits for the answer and whose conversation key only that customer's session holds. */
  readonly liveChannels: ReadonlySet<string>;
  /** Channels on which a public message is answered under it once, with an invitation to write privately, and continued there. */
  readonly publicFirstChannels: ReadonlySet<string>;
  /** The types of ticket that get that invitation. */
  readonly publicFirstTypes: ReadonlySet<Grade['type']>;
}

/** How the customer waits who sent this entry. */
export function paceOf(
  entry: Pick<Entry, 'messageKind' | 'call'>,
  channel: string,
  { liveChannels }: Pick<TicketPolicy, 'liveChannels'>,
): Pace {
  if (isRinging(entry)) return 'line';
  const isSpoken = entry.messageKind === 'call' || entry.messageKind === 'voicemail';
  return liveChannels.has(channel) && !isSpoken ? 'chat' : 'written';
}

/**
 * The change that puts a ticket back to work, with the deadlines that count from then on.
 * @param cause The customer's message that does; their latest when it is something else.
 */
export function reopened(
  reason: string,
  ticket: Ticket,
  { nowMs, policy }: DecisionContext,
  cause: Entry | undefined = ticket.entries.findLast(({ kind }) => kind === 'inbound'),
): Change {
  const pace = paceOf(cause ?? {}, ticket.channel, policy);
  return { type: 'reopened', reason, deadlines: deadlinesOnReopening(ticket, nowMs, pace, policy.deadlines) };
}
