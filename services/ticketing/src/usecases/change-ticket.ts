import type { ChannelLimits } from '../domain/channel-limits.ts';
import type { Command } from '../domain/commands.ts';
import { decide } from '../domain/decide.ts';
import type { TicketPolicy } from '../domain/decision-context.ts';
import { record } from '../domain/history.ts';
import type { Actor } from '../domain/ticket.ts';
import type { StoredTicket } from '../ports.ts';
import { type ChangeDependencies, changeTickets } from './change-tickets.ts';

export class TicketNotFound extends Error {
  override readonly name = 'TicketNotFound';
}

/** The ticket is not as the caller saw it. */
export class VersionMismatch extends Error {
  override readonly name = 'VersionMismatch';
}

export interface TicketCommand {
  readonly ticketId: string;
  readonly commandId: string;
  readonly actor: Actor;
  /** 0: whatever the version is. */
  readonly expectedVersion: number;
  readonly command: Command;
}

export interface CommandDependencies extends ChangeDependencies {
  readonly policy: TicketPolicy;
  /** By channel, as far as declared. */
  readonly channelLimits: ReadonlyMap<string, ChannelLimits>;
  now(): number;
}

/**
 * Carries out one command of a person or a service. The same command id again changes nothing: every event names the command
 * that caused it, and the latest commands that caused none are remembered.
 * @param known The ticket as read before; read here when absent.
 * @throws TicketNotFound, VersionMismatch, Rejection, ContentionError
 */
export async function changeTicket(
  { ticketId, commandId, actor, expectedVersion, command }: TicketCommand,
  dependencies: CommandDependencies,
  known?: ReadonlyMap<string, StoredTicket>,
): Promise<StoredTicket> {
  const after = await changeTickets(
    [
      {
        ticketId,
        decide(current) {
          if (current === undefined) throw new TicketNotFound(`there is no ticket ${ticketId}`);
          const { ticket, events, idleCommandIds } = current;
          if (events.some((event) => event.commandId === commandId) || idleCommandIds.includes(commandId)) {
            return { ticket, events: [] };
          }
          if (expectedVersion !== 0 && expectedVersion !== ticket.version) {
            throw new VersionMismatch(`the ticket has version ${ticket.version}, not ${expectedVersion}`);
          }
          const nowMs = dependencies.now();
          const changes = decide(command, ticket, {
            nowMs,
            actor,
            policy: dependencies.policy,
            channelLimits: dependencies.channelLimits.get(ticket.channel),
            callingChannel: callingChannel(ticket.channel, dependencies.channelLimits),
          });
          if (changes.length === 0) return { ticket, events: [], idleCommandId: commandId };
          return record(ticket, changes, { atMs: nowMs, actor, commandId });
        },
      },
    ],
    dependencies,
    known,
  );
  const stored = after.get(ticketId);
  if (stored === undefined) throw new TicketNotFound(`there is no ticket ${ticketId}`);
  return stored;
}

/** The ticket's own channel if it calls, else any that does. */
function callingChannel(own: string, limits: ReadonlyMap<string, ChannelLimits>): string | undefined {
  if (limits.get(own)?.calls) return own;
  return [...limits].find(([, { calls }]) => calls)?.[0];
}
