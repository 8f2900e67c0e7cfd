import type { Change } from './changes.ts';
import type { ChannelLimits } from './channel-limits.ts';
import { type DeadlinePolicy, deadlinesOnReopening } from './deadlines.ts';
import type { Actor, Ticket } from './ticket.ts';

/** What a decision depends on beside the ticket. */
export interface DecisionContext {
  readonly nowMs: number;
  readonly actor: Actor;
  readonly policy: TicketPolicy;
  /** What the ticket's channel can carry. Absent: not known, so nothing is refused. */
  readonly channelLimits?: ChannelLimits | undefined;
}

export interface TicketPolicy {
  readonly deadlines: DeadlinePolicy;
  /** Channels on which the customer waits for the answer and whose conversation key only that customer's session holds. */
  readonly liveChannels: ReadonlySet<string>;
  /** Channels on which a public message is answered under it once, with an invitation to write privately, and continued there. */
  readonly publicFirstChannels: ReadonlySet<string>;
}

/** The change that puts a ticket back to work, with the deadlines that count from then on. */
export function reopened(reason: string, ticket: Ticket, { nowMs, policy }: DecisionContext): Change {
  const live = policy.liveChannels.has(ticket.channel);
  return { type: 'reopened', reason, deadlines: deadlinesOnReopening(ticket, nowMs, live, policy.deadlines) };
}
