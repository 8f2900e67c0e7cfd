import type { TicketEvent } from '../domain/changes.ts';
import type { Command } from '../domain/commands.ts';
import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { type Recorded, record } from '../domain/history.ts';
import { Rejection } from '../domain/rejection.ts';
import type { Actor, Ticket } from '../domain/ticket.ts';

/** One of several commands on a ticket. */
export interface Turn {
  readonly command: Command;
  readonly actor: Actor;
  readonly commandId: string;
  /** W3C trace context of what caused it. Absent: of what runs. */
  readonly traceparent?: string | undefined;
  /** Asked with the ticket as the turns before left it. True: leave it out. */
  skip?(ticket: Ticket | undefined): boolean;
  /** Is told why the ticket does not allow it; the others go on. Without it the rejection is thrown. */
  rejected?(reason: string): void;
}

/** Carries out commands on one ticket, each on what the one before left. @throws Rejection */
export function decideInTurn(
  before: Ticket | undefined,
  turns: Iterable<Turn>,
  { policy, now }: { readonly policy: TicketPolicy; now(): number },
): Recorded {
  let ticket = before;
  const events: TicketEvent[] = [];
  for (const { command, actor, commandId, traceparent, skip, rejected } of turns) {
    if (skip?.(ticket)) continue;
    try {
      const atMs = now();
      const changes = decide(command, ticket, { nowMs: atMs, actor, policy });
      if (changes.length === 0) continue;
      const recorded = record(ticket, changes, { atMs, actor, commandId, ...(traceparent && { traceparent }) });
      ticket = recorded.ticket;
      events.push(...recorded.events);
    } catch (error) {
      if (!(error instanceof Rejection) || rejected === undefined) throw error;
      rejected(error.message);
    }
  }
  return { ticket, events };
}
