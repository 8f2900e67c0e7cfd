import { WaitingTicket } from '@tributary/contracts';
import { type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { printJson } from '../text/json.ts';
import { table } from '../text/table.ts';
import { age } from '../text/time.ts';
import { gradeWords, skillWords } from '../text/words.ts';

/** Prints the work that waits, first to be served first. */
export async function listWaiting(
  context: CliContext,
  options: GlobalOptions & { readonly limit: number; readonly page?: string },
): Promise<void> {
  const routing = await context.connections.routing();
  const request = { pageSize: options.limit, pageToken: options.page ?? '' };
  const { tickets, nextPageToken } = await routing.listWaiting(request, callOptions(context, options));
  if (options.json) {
    printJson(context, { tickets: tickets.map((ticket) => WaitingTicket.toJSON(ticket)), nextPageToken });
    return;
  }
  if (tickets.length === 0) context.stderr.write('Nothing waits.\n');
  else {
    const rows = tickets.map((ticket) => [
      ticket.ticketNumber,
      ticket.queue,
      gradeWords(ticket.grade),
      ticket.grade?.region ?? '',
      ticket.grade?.language ?? '',
      skillWords(ticket.grade?.skills ?? []),
      String(ticket.stepIndex + 1),
      age(ticket.since, context.now()),
    ]);
    const headings = ['NUMBER', 'QUEUE', 'GRADE', 'REGION', 'LANGUAGE', 'SKILLS', 'STEP', 'WAITS'];
    context.stdout.write(table(headings, rows, context.stdout.columns));
  }
  if (nextPageToken !== '') context.stderr.write(`There are more: --page ${nextPageToken}\n`);
}
