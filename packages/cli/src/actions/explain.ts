import { Offer, RoutingDecision } from '@tributary/contracts';
import { type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { decisionText } from '../text/decision-text.ts';
import { printJson } from '../text/json.ts';
import { plainLine } from '../text/plain.ts';

/** Prints every decision about a ticket, oldest first. */
export async function explainTicket(
  context: CliContext,
  id: string,
  options: GlobalOptions & { readonly last?: true },
): Promise<void> {
  const call = callOptions(context, options);
  const { connections } = context;
  const [tickets, routing] = await Promise.all([connections.tickets(), connections.routing()]);
  // The router knows tickets by id only; people know the number.
  const ticket = await tickets.getTicket({ id }, call);
  const all = (await routing.listDecisions({ ticketId: ticket.id }, call)).decisions;
  const decisions = options.last ? all.slice(-1) : all;
  const offers = all.some(({ offerId }) => offerId !== '') ? await offersOf(context, ticket.id, options) : [];
  if (options.json) {
    printJson(context, {
      ticketId: ticket.id,
      ticketNumber: ticket.number,
      decisions: decisions.map((decision) => RoutingDecision.toJSON(decision)),
      offers: offers.map((offer) => Offer.toJSON(offer)),
    });
    return;
  }
  const owner =
    ticket.ownerId === '' ? `has no owner and waits in queue ${ticket.queue}` : `is owned by ${ticket.ownerId}`;
  const offerById = new Map(offers.map((offer) => [offer.id, offer]));
  const first = all.length - decisions.length + 1;
  const parts = decisions.map((decision, index) => decisionText(decision, first + index, offerById, context.now()));
  const heading = plainLine(`Ticket ${ticket.number} "${ticket.subject}" ${owner}.`);
  context.stdout.write(`${[`${heading}\n`, ...parts].join('\n')}`);
}

/** Oldest first. */
async function offersOf(context: CliContext, ticketId: string, options: GlobalOptions): Promise<Offer[]> {
  const api = await context.connections.agents();
  const offers: Offer[] = [];
  let pageToken = '';
  do {
    const request = { agentId: '', ticketId, states: [], pageSize: 500, pageToken };
    const page = await api.listOffers(request, callOptions(context, options));
    offers.push(...page.offers);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return offers.reverse();
}
