import { type Ticket, TicketState } from '@tributary/contracts';
import type { Check, Violation } from '../history.ts';

/**
 * No agent is given more than they can hold, and router and ticketing agree who owns what. A ticket that is reopened goes back to
 * its owner whatever room they have.
 */
export const checkAgentWork: Check = ({ agents, tickets, ticketEvents }) => {
  const violations: Violation[] = [];
  const reopened = new Set(
    ticketEvents.filter(({ change }) => change?.$case === 'reopened').map(({ ticketId }) => ticketId),
  );
  const holders = new Map<string, string[]>();
  for (const { id, loadUnits, capacityUnits, work } of agents) {
    const units = Object.values(work).reduce((sum, each) => sum + each, 0);
    const cameBack = Object.entries(work).reduce((sum, [ticket, each]) => sum + (reopened.has(ticket) ? each : 0), 0);
    if (loadUnits - cameBack > capacityUnits) {
      const detail = `${id} holds ${loadUnits} of ${capacityUnits} units, ${cameBack} of them reopened`;
      violations.push({ promise: 'capacity is kept', detail });
    }
    if (loadUnits !== units) {
      violations.push({
        promise: "an agent's load is the sum of their work",
        detail: `${id} has a load of ${loadUnits} units, their work adds up to ${units}`,
      });
    }
    for (const ticketId of Object.keys(work)) holders.set(ticketId, [...(holders.get(ticketId) ?? []), id]);
  }
  for (const ticket of tickets) {
    const { id, number, ownerId, queue } = ticket;
    const wanted = ownerId !== '' && isActive(ticket) ? [ownerId] : [];
    const held = holders.get(id) ?? [];
    holders.delete(id);
    const agree = held.length === wanted.length && held.every((agentId) => wanted.includes(agentId));
    if (!agree) {
      violations.push({
        promise: 'router and ticketing agree on one owner',
        detail: `${number} (${id}, ${nameOf(ticket)}) is owned by ${ownerId || `queue ${queue}`} and held by ${held.join(' and ') || 'nobody'}`,
      });
    }
    if (ownerId === '' && queue === '') {
      violations.push({ promise: 'a ticket has an owner or a queue', detail: `${number} (${id}) has neither` });
    }
  }
  for (const [ticketId, held] of holders) {
    violations.push({ promise: 'agents hold tickets there are', detail: `${held.join(' and ')} hold ${ticketId}` });
  }
  return violations;
};

function isActive({ state }: Ticket): boolean {
  return state !== TicketState.TICKET_STATE_RESOLVED && state !== TicketState.TICKET_STATE_CLOSED;
}

function nameOf({ state }: Ticket): string {
  const [name = String(state)] = Object.entries(TicketState).find(([, value]) => value === state) ?? [];
  return name.replace('TICKET_STATE_', '').toLowerCase();
}
