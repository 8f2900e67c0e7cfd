import {
  failedPrecondition,
  hashId,
  type IngestItem,
  type IngestResult,
  notFound,
  Ticket,
  type TicketApi,
  TicketEvent,
  TicketState,
} from '@tributary/contracts';

type Change = NonNullable<TicketEvent['change']>;

/** A stand-in for ticketing that keeps its contract: one ticket per conversation, idempotent, one owner at a time. */
export class FakeTickets {
  readonly tickets = new Map<string, Ticket>();
  /** Events not yet taken by the test. */
  readonly events: TicketEvent[] = [];
  /** Every event there was. */
  readonly history: TicketEvent[] = [];
  readonly calls = { ingestMessages: 0, assignTickets: 0, getTicket: 0 };
  /** Runs before a call; what it throws is the call's failure. */
  before: (call: keyof FakeTickets['calls']) => void | Promise<void> = () => undefined;
  /** Runs after the effect of a call; what it throws loses the answer. */
  after: (call: keyof FakeTickets['calls']) => void | Promise<void> = () => undefined;
  /** Why a message is refused; empty takes it. */
  refuse: (item: IngestItem) => string = () => '';
  readonly #places = new Map<string, string>();
  readonly #ticketOfConversation = new Map<string, string>();

  get api(): TicketApi {
    const call = async <T>(name: keyof FakeTickets['calls'], effect: () => T): Promise<T> => {
      this.calls[name]++;
      await this.before(name);
      const result = effect();
      await this.after(name);
      return result;
    };
    const fake: Pick<TicketApi, 'ingestMessages' | 'assignTickets' | 'getTicket'> = {
      ingestMessages: ({ items }) =>
        call('ingestMessages', () => ({ results: items.map((item) => this.#ingest(item)) })),
      assignTickets: ({ items }) =>
        call('assignTickets', () => ({
          results: items.map(({ ticketId, ownerId, decisionId, replaceOwner }) => {
            const ticket = this.ticket(ticketId);
            const wasDone = this.history.some(
              (event) => event.change?.$case === 'assigned' && event.change.value.decisionId === decisionId,
            );
            if (wasDone) {
              const error = ticket.ownerId === ownerId ? '' : 'the ticket has been taken away since';
              return { ticketId, ownerId: ticket.ownerId, error };
            }
            const error = this.#refusal(ticket, ownerId, replaceOwner);
            if (error === '' && ticket.ownerId !== ownerId) this.assign(ticketId, ownerId, decisionId);
            return { ticketId, ownerId: ticket.ownerId, error };
          }),
        })),
      getTicket: ({ id }) =>
        call('getTicket', () => {
          const ticket = this.tickets.get(id);
          if (ticket === undefined) throw notFound(`no ticket ${id}`);
          return structuredClone(ticket);
        }),
    };
    return fake as TicketApi;
  }

  ticket(id: string): Ticket {
    const ticket = this.tickets.get(id);
    if (ticket === undefined) throw failedPrecondition(`no ticket ${id}`);
    return ticket;
  }

  assign(ticketId: string, ownerId: string, decisionId = ''): void {
    const ticket = this.ticket(ticketId);
    const previousOwnerId = ticket.ownerId;
    ticket.ownerId = ownerId;
    this.#record(ticket, { $case: 'assigned', value: { ownerId, previousOwnerId, decisionId } });
  }

  unassign(ticketId: string): void {
    const ticket = this.ticket(ticketId);
    const previousOwnerId = ticket.ownerId;
    ticket.ownerId = '';
    this.#record(ticket, { $case: 'unassigned', value: { previousOwnerId, queue: ticket.queue, reason: '' } });
  }

  escalate(ticketId: string): void {
    const ticket = this.ticket(ticketId);
    const previousOwnerId = ticket.ownerId;
    const fromTier = ticket.tier;
    ticket.ownerId = '';
    ticket.tier += 1;
    const value = { fromTier, toTier: ticket.tier, reason: '', previousOwnerId, queue: ticket.queue };
    this.#record(ticket, { $case: 'escalated', value });
  }

  setPending(ticketId: string): void {
    const ticket = this.ticket(ticketId);
    ticket.state = TicketState.TICKET_STATE_PENDING;
    this.#record(ticket, { $case: 'pending', value: { until: undefined, reason: '' } });
  }

  resolve(ticketId: string): void {
    const ticket = this.ticket(ticketId);
    ticket.state = TicketState.TICKET_STATE_RESOLVED;
    this.#record(ticket, { $case: 'resolved', value: { solution: 'done' } });
  }

  reopen(ticketId: string): void {
    const ticket = this.ticket(ticketId);
    ticket.state = TicketState.TICKET_STATE_OPEN;
    this.#record(ticket, { $case: 'reopened', value: { reason: '' } });
  }

  /** The events since the last call. */
  takeEvents(): TicketEvent[] {
    return this.events.splice(0);
  }

  #refusal(ticket: Ticket, ownerId: string, replaceOwner: boolean): string {
    if (ticket.state === TicketState.TICKET_STATE_RESOLVED || ticket.state === TicketState.TICKET_STATE_CLOSED) {
      return 'the ticket is over';
    }
    return ticket.ownerId !== '' && ticket.ownerId !== ownerId && !replaceOwner ? `${ticket.ownerId} owns it` : '';
  }

  #ingest(item: IngestItem): IngestResult {
    const { message, grade } = item;
    if (message === undefined) throw failedPrecondition('no message');
    const error = this.refuse(item);
    const duplicate = this.#places.has(message.id);
    let ticketId = this.#places.get(message.id) ?? this.#ticketOfConversation.get(message.conversationKey);
    const created = ticketId === undefined;
    if (ticketId === undefined) {
      ticketId = hashId('ticket', message.id);
      const number = `20260501${String(this.tickets.size + 1).padStart(3, '0')}`;
      const ticket = Ticket.fromPartial({
        id: ticketId,
        number,
        state: TicketState.TICKET_STATE_NEW,
        customerId: `customer-of-${message.sender?.address}`,
        contact: message.sender ?? {},
        grade: grade ?? {},
        queue: grade?.queue ?? '',
        tier: 1,
        channel: message.channel,
        receivedTime: message.receivedTime,
      });
      if (error === '') {
        this.tickets.set(ticketId, ticket);
        this.#record(ticket, { $case: 'created', value: { ...ticket, contact: ticket.contact, deadlines: [] } });
      }
    }
    if (error === '') {
      this.#places.set(message.id, ticketId);
      this.#ticketOfConversation.set(message.conversationKey, ticketId);
    }
    const ticket = this.tickets.get(ticketId) ?? Ticket.create();
    const active =
      ticket.state !== TicketState.TICKET_STATE_RESOLVED && ticket.state !== TicketState.TICKET_STATE_CLOSED;
    return {
      messageId: message.id,
      ticketId: error === '' ? ticketId : '',
      ticketNumber: ticket.number,
      created,
      duplicate,
      ownerId: ticket.ownerId,
      customerId: ticket.customerId,
      runningProblemOwnerId: this.#runningProblemOwner(ticket),
      state: ticket.state,
      needsOwner: ticket.ownerId === '' && active,
      grade: ticket.grade,
      tier: ticket.tier,
      error,
      receivedTime: ticket.receivedTime,
      lastSequence: ticket.lastSequence,
    };
  }

  #runningProblemOwner(ticket: Ticket): string {
    const running = [...this.tickets.values()].find(
      (other) =>
        other.id !== ticket.id &&
        other.customerId === ticket.customerId &&
        other.ownerId !== '' &&
        other.state !== TicketState.TICKET_STATE_RESOLVED,
    );
    return running?.ownerId ?? '';
  }

  #record(ticket: Ticket, change: Change): void {
    ticket.lastSequence += 1n;
    ticket.version += 1n;
    const event = TicketEvent.fromPartial({
      id: hashId('event', ticket.id, ticket.lastSequence),
      ticketId: ticket.id,
      ticketNumber: ticket.number,
      sequence: ticket.lastSequence,
      version: ticket.version,
      state: ticket.state,
      ownerId: ticket.ownerId,
      queue: ticket.queue,
      change,
    });
    this.events.push(event);
    this.history.push(event);
  }
}
