import { type AgentApi, Offer, OfferState, offerStateFromJSON } from '@tributary/contracts';
import { type CliContext, callOptions, type GlobalOptions } from '../context.ts';
import { exitCodes } from '../exit-codes.ts';
import { CommandFailure, notFoundFailure, usageFailure } from '../failure.ts';
import { printJson, printJsonLine } from '../text/json.ts';
import { offerChangeLine, offerOutcome, shortId } from '../text/offer-text.ts';
import { table } from '../text/table.ts';
import { dateTime } from '../text/time.ts';
import { gradeWords } from '../text/words.ts';

export interface ListOptions extends GlobalOptions {
  readonly agent?: string;
  readonly ticket?: string;
  readonly state?: readonly string[];
  readonly limit: number;
  readonly page?: string;
}

export interface AnswerOptions extends GlobalOptions {
  readonly agent?: string;
}

/** So many offers are looked through for the beginning of an id. */
const lookedThrough = 500;
const everyOffer = { agentId: '', ticketId: '', states: [] as OfferState[], pageSize: lookedThrough, pageToken: '' };

/** Prints the offers that pass the filters, newest first. */
export async function listOffers(context: CliContext, options: ListOptions): Promise<void> {
  const api = await context.connections.agents();
  const request = {
    agentId: options.agent ?? '',
    ticketId: options.ticket ?? '',
    states: (options.state ?? []).map((state) =>
      offerStateFromJSON(`OFFER_STATE_${state.toUpperCase().replace('-', '_')}`),
    ),
    pageSize: options.limit,
    pageToken: options.page ?? '',
  };
  const { offers, nextPageToken } = await api.listOffers(request, callOptions(context, options));
  if (options.json) {
    printJson(context, { offers: offers.map((offer) => Offer.toJSON(offer)), nextPageToken });
    return;
  }
  printOffers(context, offers);
  if (nextPageToken !== '') context.stderr.write(`There are more: --page ${nextPageToken}\n`);
}

/** The agent takes the offer and owns the ticket. */
export async function acceptOffer(context: CliContext, name: string, options: AnswerOptions): Promise<void> {
  const api = await context.connections.agents();
  const offerId = await findOffer(context, api, name, options);
  const request = { offerId, agentId: options.agent ?? '' };
  const offer = await api.acceptOffer(request, callOptions(context, options));
  printAnswered(context, options, offer);
}

/** The agent will not take the offer; the next candidate is asked. */
export async function declineOffer(
  context: CliContext,
  name: string,
  options: AnswerOptions & { readonly reason?: string },
): Promise<void> {
  const api = await context.connections.agents();
  const offerId = await findOffer(context, api, name, options);
  const request = { offerId, agentId: options.agent ?? '', reason: options.reason ?? '' };
  const offer = await api.declineOffer(request, callOptions(context, options));
  printAnswered(context, options, offer);
}

/** Prints the pending offers and then every change, until Ctrl-C. */
export async function watchOffers(context: CliContext, options: AnswerOptions): Promise<void> {
  const api = await context.connections.agents();
  // No deadline: it has no end.
  const changes = await api.watchOffers({ agentId: options.agent ?? '' }, { signal: context.signal });
  for await (const offer of changes) {
    if (context.signal.aborted) return;
    if (options.json) printJsonLine(context, Offer.toJSON(offer));
    else context.stdout.write(offerChangeLine(offer, context.now()));
  }
}

/**
 * The offer that is meant: by a ticket's number or id its pending one, else by the id or the beginning of one. Pending offers come
 * first, for those are the ones to be answered.
 * @throws CommandFailure when there is none, or several; those are named.
 */
async function findOffer(context: CliContext, api: AgentApi, name: string, options: GlobalOptions): Promise<string> {
  const find = async (request: Partial<typeof everyOffer>) =>
    (await api.listOffers({ ...everyOffer, ...request }, callOptions(context, options))).offers;
  const ofTicket = await find({ ticketId: name });
  if (ofTicket.length > 0) return pendingOf(name, ofTicket, context);
  const startsSo = ({ id }: Offer) => id.startsWith(name);
  const pending = (await find({ states: [OfferState.OFFER_STATE_PENDING] })).filter(startsSo);
  const matching = pending.length > 0 ? pending : (await find({})).filter(startsSo);
  const [only, ...others] = matching;
  if (only === undefined) {
    // A whole id may be that of an offer long past.
    if (/^[0-9a-f]{32,}$/.test(name)) return name;
    throw notFoundFailure(
      `There is no offer, and no offer of a ticket, '${name}'. 'tributary offers list' shows them.`,
    );
  }
  if (others.length === 0 || only.id === name) return only.id;
  throw usageFailure(`'${name}' is the beginning of several offers:\n${candidates(matching, context)}`);
}

function pendingOf(ticket: string, offers: readonly Offer[], context: CliContext): string {
  const pending = offers.filter(({ state }) => state === OfferState.OFFER_STATE_PENDING);
  const [only] = pending;
  if (only === undefined) {
    const message = `No offer of ticket ${ticket} is pending. Its latest:\n${candidates(offers.slice(0, 3), context)}`;
    throw new CommandFailure(exitCodes.refused, 'FAILED_PRECONDITION', message);
  }
  if (pending.length > 1) {
    throw usageFailure(`Ticket ${ticket} has several pending offers:\n${candidates(pending, context)}`);
  }
  return only.id;
}

function candidates(offers: readonly Offer[], { now }: CliContext): string {
  return offers
    .map((offer) => `  ${offer.id}  ticket ${offer.ticketNumber}, ${offer.agentId}, ${offerOutcome(offer, now())}`)
    .join('\n');
}

function printAnswered(context: CliContext, options: GlobalOptions, offer: Offer): void {
  if (options.json) printJson(context, Offer.toJSON(offer));
  else printOffers(context, [offer]);
}

function printOffers(context: CliContext, offers: readonly Offer[]): void {
  if (offers.length === 0) {
    context.stderr.write('No offers.\n');
    return;
  }
  const rows = offers.map((offer) => [
    shortId(offer.id),
    offer.ticketNumber,
    offer.agentId,
    offer.channel,
    gradeWords(offer.grade),
    dateTime(offer.madeTime),
    offerOutcome(offer, context.now()),
  ]);
  const headings = ['OFFER', 'TICKET', 'AGENT', 'CHANNEL', 'GRADE', 'MADE', 'STATE'];
  context.stdout.write(table(headings, rows, context.stdout.columns));
}
