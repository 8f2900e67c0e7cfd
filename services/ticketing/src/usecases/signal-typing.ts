import { paceOf, type TicketPolicy } from '../domain/decision-context.ts';
import { Rejection } from '../domain/rejection.ts';
import type { Actor, Ticket } from '../domain/ticket.ts';

/** A sign that an agent types, or has stopped. */
export interface TypingSignal {
  readonly ticket: Ticket;
  readonly active: boolean;
  /** As the customer sees it. Empty: no name is shown. */
  readonly authorName: string;
  readonly atMs: number;
}

export interface TypingDependencies {
  readonly policy: TicketPolicy;
  readonly signal: (signal: TypingSignal) => Promise<void>;
  now(): number;
}

/** Tells a customer who waits on a live channel that an agent types. Changes nothing. @throws Rejection on any other channel. */
export async function signalTyping(
  ticket: Ticket,
  actor: Actor,
  active: boolean,
  { policy, signal, now }: TypingDependencies,
): Promise<void> {
  const latest = ticket.entries.findLast(({ kind }) => kind === 'inbound') ?? {};
  if (paceOf(latest, ticket.channel, policy) !== 'chat') {
    throw new Rejection(`typing is shown where a customer waits for written answers, not on ${ticket.channel}`);
  }
  await signal({ ticket, active, authorName: actor.displayName, atMs: now() });
}
