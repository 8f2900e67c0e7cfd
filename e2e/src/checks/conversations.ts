import { EntryKind, type Ticket, TicketState } from '@tributary/contracts';
import type { Check, CustomerMessage, History, Violation } from '../history.ts';
import { nameOf } from '../message-name.ts';

/** No ticket is there twice: numbers are unique, and a conversation stays on its ticket until that is closed. */
export const checkTickets: Check = (history) => {
  const violations: Violation[] = [];
  for (const [number, same] of Map.groupBy(history.tickets, (ticket) => ticket.number)) {
    if (same.length > 1) {
      violations.push({
        promise: 'a ticket number is given once',
        detail: `${number} is the number of tickets ${same.map(({ id }) => id).join(' and ')}`,
      });
    }
  }
  const conversationsOf = new Map<Ticket, Set<string>>();
  for (const [conversation, placed] of placedByConversation(history)) {
    const tickets = new Set(placed.map(({ ticket }) => ticket));
    for (const ticket of tickets) {
      conversationsOf.set(ticket, (conversationsOf.get(ticket) ?? new Set()).add(conversation));
    }
    const open = [...tickets].filter(({ state }) => state !== TicketState.TICKET_STATE_CLOSED);
    if (open.length > 1) {
      violations.push({
        promise: 'a conversation has one ticket',
        detail: `${conversation} is on ${open.map(({ number, id }) => `${number} (${id})`).join(' and ')}`,
      });
    }
  }
  for (const [ticket, conversations] of conversationsOf) {
    if (conversations.size > 1) {
      violations.push({
        promise: 'a ticket has one conversation',
        detail: `${ticket.number} (${ticket.id}) holds ${[...conversations].join(' and ')}`,
      });
    }
  }
  return violations;
};

/** The messages of a conversation stand on their ticket, and in the chat, in the order the customer sent them. */
export const checkConversationOrder: Check = (history) => {
  const violations: Violation[] = [];
  for (const [conversation, placed] of placedByConversation(history)) {
    for (const [ticket, onTicket] of Map.groupBy(placed, (place) => place.ticket)) {
      for (const [before, after] of changedPlaces(onTicket)) {
        violations.push({
          promise: 'a conversation keeps its order',
          detail: `${conversation} on ${ticket.number} (${ticket.id}): ${after.providerId} stands before ${before.providerId}, which came first`,
        });
      }
    }
  }
  const sent = new Map(history.messages.map((message) => [message.providerId, message]));
  for (const { conversation, whole } of history.chats) {
    const shown = whole.flatMap(({ clientId, sequence }) => {
      const message = clientId === undefined ? undefined : sent.get(clientId);
      return message === undefined ? [] : [{ message, position: sequence }];
    });
    for (const [before, after] of changedPlaces(shown)) {
      violations.push({
        promise: 'a chat keeps its order',
        detail: `${conversation}: ${after.providerId} is shown before ${before.providerId}, which came first`,
      });
    }
  }
  return violations;
};

interface Placed {
  readonly message: CustomerMessage;
  readonly position: number;
}

function placedByConversation({ messages, tickets }: History): Map<string, (Placed & { readonly ticket: Ticket })[]> {
  const sent = new Map(messages.map((message) => [`${message.channel} ${message.providerId}`, message]));
  const placed = tickets.flatMap((ticket) =>
    ticket.entries.flatMap((entry, position) => {
      const message = sent.get(nameOf(entry));
      const isCustomers = entry.kind === EntryKind.ENTRY_KIND_INBOUND && message !== undefined;
      return isCustomers ? [{ message, position, ticket }] : [];
    }),
  );
  return Map.groupBy(placed, ({ message }) => message.conversation);
}

/** Pairs of messages (the earlier one first) that stand the wrong way round. */
function changedPlaces(placed: readonly Placed[]): [CustomerMessage, CustomerMessage][] {
  const inPlace = [...placed].sort((a, b) => a.position - b.position);
  return inPlace.flatMap(({ message: after }, index) =>
    inPlace
      .slice(index + 1)
      .filter(({ message: before }) => mustPrecede(before, after))
      .map(({ message: before }): [CustomerMessage, CustomerMessage] => [before, after]),
  );
}

function mustPrecede(a: CustomerMessage, b: CustomerMessage): boolean {
  if (b.pipelined) return a.sentOrder < b.sentOrder;
  return a.acknowledgedAtMs !== undefined && a.acknowledgedAtMs < b.sentAtMs;
}
