import {
  type ListTicketsRequest,
  type ListTicketsResponse,
  Ticket,
  TicketEvent,
  ticketStateFromJSON,
} from '@tributary/contracts';
import { actorOf, type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { printJson } from '../text/json.ts';
import { table } from '../text/table.ts';
import { historyText, ticketText } from '../text/ticket-text.ts';
import { age } from '../text/time.ts';
import { gradeWords, stateWord } from '../text/words.ts';

export interface ListOptions extends GlobalOptions {
  readonly state?: readonly string[];
  readonly owner?: string;
  readonly unassigned?: true;
  readonly queue?: string;
  readonly region?: string;
  readonly channel?: string;
  readonly customer?: string;
  readonly limit: number;
  readonly page?: string;
  readonly all?: true;
}

/** Prints the tickets that pass the filters, newest first. */
export async function listTickets(context: CliContext, options: ListOptions): Promise<void> {
  const api = await context.connections.tickets();
  await printPages(context, options, (pageToken) =>
    api.listTickets({ ...filterOf(options), pageToken }, callOptions(context, options)),
  );
}

/** Prints the tickets that hold all the words and pass the filters. */
export async function searchTickets(context: CliContext, query: string, options: ListOptions): Promise<void> {
  const api = await context.connections.tickets();
  const filter = filterOf(options);
  await printPages(context, options, (pageToken) =>
    api.searchTickets({ query, filter, pageSize: filter.pageSize, pageToken }, callOptions(context, options)),
  );
}

function filterOf(options: ListOptions): ListTicketsRequest {
  return {
    states: (options.state ?? []).map((state) => ticketStateFromJSON(`TICKET_STATE_${state.toUpperCase()}`)),
    ownerId: options.owner ?? '',
    region: options.region ?? '',
    channel: options.channel ?? '',
    customerId: options.customer ?? '',
    queue: options.queue ?? '',
    unassigned: options.unassigned ?? false,
    pageSize: options.limit,
    pageToken: '',
  };
}

async function printPages(
  context: CliContext,
  options: ListOptions,
  read: (pageToken: string) => Promise<ListTicketsResponse>,
): Promise<void> {
  const tickets: Ticket[] = [];
  let pageToken = options.page ?? '';
  do {
    const page = await read(pageToken);
    tickets.push(...page.tickets);
    pageToken = page.nextPageToken;
  } while (options.all && pageToken !== '');
  if (options.json) {
    printJson(context, { tickets: tickets.map((ticket) => Ticket.toJSON(ticket)), nextPageToken: pageToken });
    return;
  }
  if (tickets.length === 0) context.stderr.write('No tickets.\n');
  else context.stdout.write(ticketTable(tickets, context));
  if (pageToken !== '') context.stderr.write(`There are more: --page ${pageToken}, or --all\n`);
}

function ticketTable(tickets: readonly Ticket[], context: CliContext): string {
  const rows = tickets.map((ticket) => [
    ticket.number,
    stateWord(ticket.state),
    gradeWords(ticket.grade),
    ticket.ownerId === '' ? `(${ticket.queue})` : ticket.ownerId,
    ticket.channel,
    age(ticket.receivedTime, context.now()),
    ticket.contact?.displayName || ticket.contact?.address || '',
    ticket.subject,
  ]);
  const headings = ['NUMBER', 'STATE', 'GRADE', 'OWNER', 'CHANNEL', 'AGE', 'CUSTOMER', 'SUBJECT'];
  return table(headings, rows, context.stdout.columns);
}

/** Prints one ticket with its conversation. */
export async function showTicket(context: CliContext, id: string, options: GlobalOptions): Promise<void> {
  const api = await context.connections.tickets();
  const ticket = await api.getTicket({ id }, callOptions(context, options));
  if (options.json) printJson(context, Ticket.toJSON(ticket));
  else context.stdout.write(ticketText(ticket, context.now()));
}

/** Prints every change of a ticket with who made it. */
export async function showHistory(context: CliContext, ticketId: string, options: GlobalOptions): Promise<void> {
  const api = await context.connections.tickets();
  const events: TicketEvent[] = [];
  for (;;) {
    const afterSequence = events.at(-1)?.sequence ?? 0n;
    const page = await api.listEvents({ ticketId, afterSequence, pageSize: 1000 }, callOptions(context, options));
    events.push(...page.events);
    if (page.events.length < 1000) break;
  }
  if (options.json) printJson(context, { events: events.map((event) => TicketEvent.toJSON(event)) });
  else context.stdout.write(historyText(events, context.stdout.columns));
}

/** Shows the customer that the actor types, or has stopped. Prints nothing but, with `--json`, an empty object. */
export async function signalTyping(
  context: CliContext,
  ticketId: string,
  options: GlobalOptions & { readonly stopped?: true },
): Promise<void> {
  const api = await context.connections.tickets();
  await api.signalTyping(
    { ticketId, actor: actorOf(options), active: !options.stopped },
    callOptions(context, options),
  );
  if (options.json) printJson(context, {});
}
