import { type CallOptions, type CommandContext, Ticket, type TicketApi, Visibility } from '@tributary/contracts';
import { actorOf, type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, toFailure, usageFailure } from '../failure.ts';
import { printJson } from '../text/json.ts';
import { plainLine } from '../text/plain.ts';
import { momentOf } from '../text/time.ts';
import { stateWord } from '../text/words.ts';

export interface ChangeOptions extends GlobalOptions {
  readonly commandId?: string;
  readonly ifVersion?: number;
}

/** What every change needs: the ticket and the command's context. */
interface Change {
  readonly ticketId: string;
  readonly context: CommandContext;
}

type Send = (api: TicketApi, change: Change, call: CallOptions) => Promise<Ticket>;

/** Sends one command and prints what the ticket is then. */
async function change(context: CliContext, ticketId: string, options: ChangeOptions, send: Send): Promise<void> {
  const commandId = options.commandId ?? context.newId();
  const command: CommandContext = {
    commandId,
    actor: actorOf(options),
    expectedVersion: BigInt(options.ifVersion ?? 0),
  };
  const api = await context.connections.tickets();
  let ticket: Ticket;
  try {
    ticket = await send(api, { ticketId, context: command }, callOptions(context, options));
  } catch (error) {
    throw withRepeatHint(toFailure(error), commandId);
  }
  if (options.json) printJson(context, Ticket.toJSON(ticket));
  else {
    const holder = ticket.ownerId === '' ? `in queue ${ticket.queue}` : `owned by ${ticket.ownerId}`;
    const line = `Ticket ${ticket.number} is ${stateWord(ticket.state)}, ${holder} (version ${ticket.version}).`;
    context.stdout.write(`${plainLine(line)}\n`);
  }
}

/** After a lost answer nobody knows whether it was done; the same id makes trying again safe. */
function withRepeatHint(failure: CommandFailure, commandId: string): CommandFailure {
  const knownNotDone = failure.exitCode !== exitCodes.unavailable || failure.message.startsWith('Nothing answers');
  if (knownNotDone) return failure;
  const hint = `It is not known whether it was done. Repeating it with --command-id ${commandId} is safe.`;
  return new CommandFailure(failure.exitCode, failure.code, `${failure.message}\n${hint}`, { cause: failure });
}

async function textOf(context: CliContext, text: string): Promise<string> {
  return text === '-' ? (await context.readStdin()).trimEnd() : text;
}

export async function reply(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly text: string },
): Promise<void> {
  const text = await textOf(context, options.text);
  const rest = { text, html: '', attachments: [], visibility: Visibility.VISIBILITY_UNSPECIFIED };
  await change(context, ticketId, options, (api, about, call) => api.reply({ ...about, ...rest }, call));
}

/** The agent's telephone rings first; how the call went comes to the ticket afterwards. */
export async function call(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly as?: string; readonly number?: string },
): Promise<void> {
  const { as: actor = options.actor, number: phoneNumber = '' } = options;
  await change(context, ticketId, { ...options, actor }, (api, about, timing) =>
    api.call({ ...about, phoneNumber }, timing),
  );
}

export async function note(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly text: string },
): Promise<void> {
  const text = await textOf(context, options.text);
  await change(context, ticketId, options, (api, about, call) =>
    api.addNote({ ...about, text, attachments: [] }, call),
  );
}

export async function assign(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly to?: string; readonly unassign?: true },
): Promise<void> {
  if (options.to === undefined && !options.unassign) throw usageFailure('assign needs --to <agent> or --unassign');
  const ownerId = options.to ?? '';
  await change(context, ticketId, options, (api, about, call) => api.assign({ ...about, ownerId }, call));
}

export async function escalate(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly reason: string; readonly tier?: number },
): Promise<void> {
  const { reason, tier = 0 } = options;
  await change(context, ticketId, options, (api, about, call) =>
    api.escalate({ ...about, reason, toTier: tier }, call),
  );
}

export async function setPending(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly until?: string; readonly reason: string },
): Promise<void> {
  const until =
    options.until === undefined ? undefined : new Date(momentOf('--until', options.until, context.now(), 1));
  const { reason } = options;
  await change(context, ticketId, options, (api, about, call) => api.setPending({ ...about, until, reason }, call));
}

export async function resolve(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly solution: string },
): Promise<void> {
  const { solution } = options;
  await change(context, ticketId, options, (api, about, call) => api.resolve({ ...about, solution }, call));
}

export async function reopen(
  context: CliContext,
  ticketId: string,
  options: ChangeOptions & { readonly reason: string },
): Promise<void> {
  const { reason } = options;
  await change(context, ticketId, options, (api, about, call) => api.reopen({ ...about, reason }, call));
}

export async function close(context: CliContext, ticketId: string, options: ChangeOptions): Promise<void> {
  await change(context, ticketId, options, (api, about, call) => api.close(about, call));
}
