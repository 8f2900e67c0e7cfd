import { status } from '@grpc/grpc-js';
import {
  ActorKind,
  type IngestResult as IngestedMessage,
  StatusError,
  type Ticket,
  type TicketApi,
  TicketState,
} from '@tributary/contracts';
import type { IngestItem, IngestResult, Tickets, TicketView } from '../ports.ts';
import { fromProtoGrade, toProtoGrade } from './proto-routing.ts';

/** Most items in one call. */
const maxItems = 500;
/** Most bytes of messages in one call: well below what gRPC takes, whatever a single message weighs. */
const maxBytes = 16 * 1024 * 1024;
const timeoutMs = 10_000;
const ingestTimeoutMs = 30_000;

/** Ticketing behind its gRPC contract, in one process or over the network. */
export function createTickets(api: TicketApi): Tickets {
  return {
    async ingest(items) {
      const places: IngestResult[] = [];
      for (const part of partsOf(items)) {
        const { results } = await api.ingestMessages(
          {
            items: part.map(({ message, grade, traceparent }) => ({
              message,
              grade: toProtoGrade(grade),
              traceparent,
            })),
          },
          { timeoutMs: ingestTimeoutMs },
        );
        if (results.length !== part.length) throw new Error(`${part.length} messages gave ${results.length} results`);
        places.push(...results.map(toPlace));
      }
      return places;
    },
    async assign(orders) {
      const results = [];
      for (let from = 0; from < orders.length; from += maxItems) {
        const response = await api.assignTickets(
          {
            items: orders.slice(from, from + maxItems).map(({ ticketId, agentId, decisionId }) => ({
              ticketId,
              ownerId: agentId,
              decisionId,
              replaceOwner: false,
            })),
            actor: { kind: ActorKind.ACTOR_KIND_SYSTEM, id: 'router', displayName: '' },
          },
          { timeoutMs },
        );
        results.push(...response.results);
      }
      return results;
    },
    async get(ticketId) {
      try {
        return toView(await api.getTicket({ id: ticketId }, { timeoutMs }));
      } catch (error) {
        if (error instanceof StatusError && error.code === status.NOT_FOUND) return undefined;
        throw error;
      }
    },
  };
}

function* partsOf(items: readonly IngestItem[]): Generator<readonly IngestItem[]> {
  let part: IngestItem[] = [];
  let bytes = 0;
  for (const item of items) {
    if (part.length > 0 && (part.length >= maxItems || bytes + item.bytes > maxBytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += item.bytes;
  }
  if (part.length > 0) yield part;
}

function toPlace(result: IngestedMessage): IngestResult {
  if (result.error !== '') return { error: result.error };
  if (result.grade === undefined) throw new Error(`the place of message ${result.messageId} has no grade`);
  return {
    ticketId: result.ticketId,
    ticketNumber: result.ticketNumber,
    created: result.created,
    duplicate: result.duplicate,
    ownerId: result.ownerId,
    customerId: result.customerId,
    runningProblemOwnerId: result.runningProblemOwnerId,
    needsOwner: result.needsOwner,
    grade: fromProtoGrade(result.grade),
    tier: result.tier,
    receivedAtMs: result.receivedTime?.getTime() ?? 0,
    sequence: Number(result.lastSequence),
  };
}

const activeStates: readonly number[] = [
  TicketState.TICKET_STATE_NEW,
  TicketState.TICKET_STATE_OPEN,
  TicketState.TICKET_STATE_PENDING,
];

function toView(ticket: Ticket): TicketView {
  if (ticket.grade === undefined) throw new Error(`ticket ${ticket.id} has no grade`);
  return {
    ticketId: ticket.id,
    ticketNumber: ticket.number,
    active: activeStates.includes(ticket.state),
    ownerId: ticket.ownerId,
    customerId: ticket.customerId,
    contactAddress: ticket.contact?.address ?? '',
    channel: ticket.channel,
    tier: ticket.tier,
    grade: fromProtoGrade(ticket.grade),
    receivedAtMs: ticket.receivedTime?.getTime() ?? 0,
    sequence: Number(ticket.lastSequence),
  };
}
