/** What the router heeds of one event of a ticket. */
export interface TicketChange {
  readonly ticketId: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly kind: 'assigned' | 'unassigned' | 'escalated' | 'resolved' | 'closed' | 'reopened' | 'regraded';
  /** After the change. Empty: in its queue. */
  readonly ownerId: string;
  /** Empty when it had none. */
  readonly previousOwnerId: string;
}

/** What several events of one ticket come to. */
export interface TicketEffect {
  readonly ticketId: string;
  /** Of the last event heeded. */
  readonly eventId: string;
  readonly sequence: number;
  /** Who holds it now; empty: nobody. Undefined: as it was. */
  readonly holderId: string | undefined;
  /** `find`: it wants an owner. `leave`: it no longer waits. `regrade`: where it waits, its needs have changed. */
  readonly waiting: 'find' | 'leave' | 'regrade';
  /** Who gave it back. */
  readonly gaveBackId: string;
  /** Who may have room now. */
  readonly freedAgentIds: readonly string[];
}

/** What becomes of each ticket's place after its changes, which are in order per ticket. */
export function effectsOf(changes: readonly TicketChange[]): TicketEffect[] {
  const byTicket = new Map<string, TicketEffect>();
  for (const change of changes) byTicket.set(change.ticketId, follow(byTicket.get(change.ticketId), change));
  return [...byTicket.values()];
}

function follow(before: TicketEffect | undefined, change: TicketChange): TicketEffect {
  const { ticketId, eventId, sequence, ownerId, previousOwnerId } = change;
  const freed = before?.freedAgentIds ?? [];
  const at = { ticketId, eventId, sequence, gaveBackId: '', freedAgentIds: freed };
  switch (change.kind) {
    case 'assigned':
      return { ...at, holderId: ownerId, waiting: 'leave', freedAgentIds: withAgent(freed, previousOwnerId) };
    case 'unassigned':
    case 'escalated': {
      const gaveBackId = change.kind === 'unassigned' ? previousOwnerId : '';
      return { ...at, holderId: '', waiting: 'find', gaveBackId, freedAgentIds: withAgent(freed, previousOwnerId) };
    }
    case 'resolved':
    case 'closed':
      return { ...at, holderId: '', waiting: 'leave', freedAgentIds: withAgent(freed, ownerId) };
    case 'reopened':
      return { ...at, holderId: ownerId, waiting: ownerId === '' ? 'find' : 'leave' };
    case 'regraded':
      return before === undefined
        ? { ...at, holderId: undefined, waiting: 'regrade' }
        : { ...before, eventId, sequence };
  }
}

function withAgent(agentIds: readonly string[], agentId: string): readonly string[] {
  return agentId === '' ? agentIds : [...agentIds, agentId];
}
