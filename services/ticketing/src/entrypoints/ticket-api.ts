import {
  type CallOptions,
  type CommandContext,
  hashId,
  isInView,
  requireRole,
  type Ticket,
  type TicketApi,
  viewOf,
  withStatus,
} from '@tributary/contracts';
import { visibility } from '../contracts/enums.ts';
import { toTicket, toTicketEvent } from '../contracts/to-contract.ts';
import type { Command } from '../domain/commands.ts';
import type { Ticket as DomainTicket } from '../domain/ticket.ts';
import type { StoredTicket } from '../ports.ts';
import { assignTickets } from '../usecases/assign-tickets.ts';
import { type CommandDependencies, changeTicket, TicketNotFound } from '../usecases/change-ticket.ts';
import type { IngestDependencies } from '../usecases/ingest-messages.ts';
import { signalTyping, type TypingDependencies } from '../usecases/signal-typing.ts';
import { TicketTurns } from '../usecases/ticket-turns.ts';
import { requireActor } from './callers.ts';
import { ingestRequest } from './ingest-request.ts';
import { RequestFields } from './request-fields.ts';
import { sanitiseHtml } from './sanitise-html.ts';
import { statusOf } from './status-of.ts';
import { filterOf, searchTerms } from './ticket-filter.ts';

const maxTextChars = 100_000;
const maxReasonChars = 2000;
const maxIdChars = 1024;

/** The ticket service as plain functions: checks the request, calls the use case, answers in the contract's terms. */
export function createTicketApi(
  dependencies: IngestDependencies & CommandDependencies & TypingDependencies,
): TicketApi {
  const { store } = dependencies;
  const turns = new TicketTurns();

  /**
   * To callers who may not see a ticket there is none.
   * @param commandId Whoever gave this command may hear again what came of it, also when the ticket has left their view.
   */
  const find = async (idOrNumber: string, { caller }: CallOptions = {}, commandId?: string): Promise<StoredTicket> => {
    const stored = (await store.load([idOrNumber])).get(idOrNumber);
    const found = stored ?? (/^\d{11,}$/.test(idOrNumber) ? await store.loadByNumber(idOrNumber) : undefined);
    const isVisible =
      found !== undefined &&
      (isInView(viewOf(caller), found.ticket.grade.region, found.ticket.ownerId) ||
        found.events.some((event) => event.commandId === commandId && event.actor.id === caller?.actor));
    if (!isVisible) throw new TicketNotFound(`there is no ticket ${idOrNumber}`);
    return found;
  };

  /** Checks the fields every command has together with its own, then carries it out. */
  const change = async (
    request: { readonly ticketId: string; readonly context: CommandContext | undefined },
    options: CallOptions | undefined,
    commandOf: (fields: RequestFields, ticketId: string, commandId: string) => (ticket: DomainTicket) => Command,
  ): Promise<Ticket> => {
    const fields = new RequestFields();
    const idOrNumber = fields.text('ticket_id', request.ticketId, { min: 1, max: maxIdChars });
    const context = fields.context(request.context);
    const command = commandOf(fields, idOrNumber, context.commandId);
    fields.done();
    requireActor(options?.caller, context.actor);
    const found = await find(idOrNumber, options, context.commandId);
    const ticketId = found.ticket.id;
    const { ticket } = await turns.take(ticketId, (hasWaited) =>
      changeTicket(
        { ticketId, ...context, command: command(found.ticket) },
        dependencies,
        hasWaited ? undefined : new Map([[ticketId, found]]),
      ),
    );
    return toTicket(ticket);
  };

  const list = async (
    fields: RequestFields,
    request: Parameters<typeof filterOf>[1],
    page: { readonly pageSize: number; readonly pageToken: string },
    options: CallOptions | undefined,
    terms?: readonly string[],
  ) => {
    const view = viewOf(options?.caller);
    const filter = { ...filterOf(fields, request), ...(terms !== undefined && { terms }), ...(view && { view }) };
    const pageSize = fields.integer('page_size', page.pageSize, { max: 500, byDefault: 50 });
    fields.done();
    const { tickets, nextPageToken } = await store.list(filter, pageSize, page.pageToken);
    return { tickets: tickets.map(toTicket), nextPageToken };
  };

  const api: TicketApi = {
    async ingestMessages(request, options) {
      requireRole(options?.caller, 'service');
      return ingestRequest(request, dependencies);
    },
    async assignTickets(request, options) {
      requireRole(options?.caller, 'service');
      const fields = new RequestFields();
      fields.items('items', request.items, { min: 1, max: 1000 });
      request.items.forEach(({ ticketId, ownerId }, i) => {
        fields.text(`items[${i}].ticket_id`, ticketId, { min: 1, max: maxIdChars });
        fields.text(`items[${i}].owner_id`, ownerId, { min: 1, max: 256 });
      });
      const actor = fields.actor('actor', request.actor);
      fields.done();
      requireActor(options?.caller, actor);
      const results = await assignTickets(request.items, actor, dependencies);
      return { results: results.map((result, i) => ({ ticketId: request.items[i]?.ticketId ?? '', ...result })) };
    },
    getTicket: async ({ id }, options) => toTicket((await find(id, options)).ticket),
    listTickets: (request, options) => list(new RequestFields(), request, request, options),
    async searchTickets(request, options) {
      const fields = new RequestFields();
      return list(fields, request.filter, request, options, searchTerms(fields, request.query));
    },
    reply: (request, options) =>
      change(request, options, (fields, _, commandId) => {
        const attachments = fields.attachments('attachments', request.attachments);
        const text = fields.text('text', request.text, { min: attachments.length > 0 ? 0 : 1, max: maxTextChars });
        const html = sanitiseHtml(fields.text('html', request.html, { max: 4 * maxTextChars }));
        const asked = fields.word('visibility', request.visibility, visibility);
        const rest = { text, html, attachments, ...(asked !== undefined && { visibility: asked }) };
        return ({ id }) => ({ type: 'reply', entryId: hashId('outbound', id, 'reply', commandId), ...rest });
      }),
    call: (request, options) =>
      change(request, options, (fields, _, commandId) => {
        const phoneNumber = fields.phoneNumber('phone_number', request.phoneNumber);
        return ({ id }) => ({ type: 'call', entryId: hashId('outbound', id, 'call', commandId), phoneNumber });
      }),
    addNote: (request, options) =>
      change(request, options, (fields, _, commandId) => {
        const attachments = fields.attachments('attachments', request.attachments);
        const text = fields.text('text', request.text, { min: attachments.length > 0 ? 0 : 1, max: maxTextChars });
        return ({ id }) => ({ type: 'addNote', entryId: hashId('note', id, commandId), text, attachments });
      }),
    assign: (request, options) =>
      change(request, options, (fields) => {
        const ownerId = fields.text('owner_id', request.ownerId, { max: 256 });
        return () => ({ type: 'assign', ownerId, decisionId: '', replaceOwner: true });
      }),
    escalate: (request, options) =>
      change(request, options, (fields) => {
        const reason = fields.text('reason', request.reason, { max: maxReasonChars });
        const toTier = fields.integer('to_tier', request.toTier, { min: 2, max: 3, byDefault: 0 });
        return () => ({ type: 'escalate', reason, toTier });
      }),
    setPending: (request, options) =>
      change(request, options, (fields) => {
        const reason = fields.text('reason', request.reason, { max: maxReasonChars });
        const untilMs = fields.time('until', request.until);
        return () => ({ type: 'setPending', reason, ...(untilMs !== undefined && { untilMs }) });
      }),
    resolve: (request, options) =>
      change(request, options, (fields) => {
        const solution = fields.text('solution', request.solution, { max: maxTextChars });
        return () => ({ type: 'resolve', solution });
      }),
    reopen: (request, options) =>
      change(request, options, (fields) => {
        const reason = fields.text('reason', request.reason, { max: maxReasonChars });
        return () => ({ type: 'reopen', reason });
      }),
    close: (request, options) => change(request, options, () => () => ({ type: 'close' })),
    async signalTyping({ ticketId, actor: asked, active }, options) {
      const fields = new RequestFields();
      const idOrNumber = fields.text('ticket_id', ticketId, { min: 1, max: maxIdChars });
      const actor = fields.actor('actor', asked);
      if (asked !== undefined && actor.kind !== 'agent') fields.refuse('actor.kind', 'must be AGENT');
      fields.done();
      requireActor(options?.caller, actor);
      await signalTyping((await find(idOrNumber, options)).ticket, actor, active, dependencies);
      return {};
    },
    async listEvents({ ticketId, afterSequence, pageSize }, options) {
      const fields = new RequestFields();
      const size = fields.integer('page_size', pageSize, { max: 1000, byDefault: 200 });
      fields.done();
      const { ticket, events } = await find(ticketId, options);
      const page = events.filter(({ sequence }) => sequence > Number(afterSequence)).slice(0, size);
      return { events: page.map((event) => toTicketEvent(ticket, event)) };
    },
  };
  return withStatus(api, statusOf);
}
