import type { Actor, ContactPoint, Deadline, DeliveryStatus, Entry, Grade, TicketState } from './ticket.ts';

/** What happened to a ticket: decided by `decide`, applied by `evolve`, published as a TicketEvent. */
export type Change =
  | {
      readonly type: 'created';
      readonly ticketId: string;
      readonly number: string;
      readonly subject: string;
      readonly customerId: string;
      readonly contact: ContactPoint;
      readonly grade: Grade;
      readonly queue: string;
      readonly channel: string;
      readonly account: string;
      readonly conversationKey: string;
      readonly deadlines: readonly Deadline[];
      readonly followsTicketId: string;
      readonly receivedAtMs: number;
    }
  | { readonly type: 'messageReceived'; readonly entry: Entry; readonly participants: readonly string[] }
  | { readonly type: 'replyAdded'; readonly entry: Entry }
  | { readonly type: 'noteAdded'; readonly entry: Entry }
  | {
      readonly type: 'assigned';
      readonly ownerId: string;
      readonly previousOwnerId: string;
      readonly decisionId: string;
    }
  | {
      readonly type: 'unassigned';
      readonly previousOwnerId: string;
      readonly queue: string;
      readonly reason: string;
    }
  | {
      readonly type: 'escalated';
      readonly fromTier: number;
      readonly toTier: number;
      readonly reason: string;
      readonly previousOwnerId: string;
      readonly queue: string;
    }
  | { readonly type: 'pending'; readonly untilMs?: number; readonly reason: string }
  | { readonly type: 'resolved'; readonly solution: string }
  /** `deadlines` are those that count from now on. */
  | { readonly type: 'reopened'; readonly reason: string; readonly deadlines: readonly Deadline[] }
  | { readonly type: 'closed' }
  | {
      readonly type: 'deliveryUpdated';
      readonly entryId: string;
      readonly status: DeliveryStatus;
      readonly reason: string;
      readonly providerMessageId: string;
    }
  | { readonly type: 'deadlineWarned'; readonly deadline: Deadline }
  | { readonly type: 'deadlineBreached'; readonly deadline: Deadline }
  | { readonly type: 'deadlineMet'; readonly deadline: Deadline };

/** When, by whom and by which command. */
export interface Cause {
  readonly atMs: number;
  readonly actor: Actor;
  readonly commandId: string;
  /** W3C trace context of what caused it. */
  readonly traceparent?: string;
}

/** A change with its place in the ticket's history and the state after it: the audit, and what is published. */
export interface TicketEvent extends Cause {
  /** 1, 2, 3 … without gap. */
  readonly sequence: number;
  readonly version: number;
  readonly state: TicketState;
  readonly ownerId: string;
  readonly queue: string;
  readonly change: Change;
}
