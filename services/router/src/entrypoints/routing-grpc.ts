import { invalidArgument, isInView, notFound, type RoutingApi, viewOf, withStatus } from '@tributary/contracts';
import { toProtoDecision, toProtoGrade } from '../adapters/proto-routing.ts';
import type { WaitingPosition } from '../ports.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { statusOf } from './status-of.ts';

const defaultPageSize = 100;
const maxPageSize = 500;

/** routing.v1: what was decided and what waits. */
export function createRoutingApi({ decisions, waiting }: RoutingContext): RoutingApi {
  const api: RoutingApi = {
    async listDecisions({ ticketId }, options) {
      if (ticketId === '') throw invalidArgument({ field: 'ticket_id', description: 'must not be empty' });
      const found = await decisions.ofTicket(ticketId);
      const latest = found.at(-1);
      if (latest === undefined || !isInView(viewOf(options?.caller), latest.grade.region, latest.agentId))
        throw notFound(`there is no decision about a ticket "${ticketId}"`);
      return { decisions: found.map(toProtoDecision) };
    },
    async listWaiting({ pageSize, pageToken }, options) {
      if (pageSize < 0 || pageSize > maxPageSize) {
        throw invalidArgument({
          field: 'page_size',
          description: `must be 1 to ${maxPageSize}, or 0 for ${defaultPageSize}`,
        });
      }
      const { waiting: page, next } = await waiting.page(
        readToken(pageToken),
        pageSize || defaultPageSize,
        viewOf(options?.caller)?.regions,
      );
      return {
        tickets: page.map((work) => ({
          ticketId: work.ticketId,
          ticketNumber: work.ticketNumber,
          queue: work.grade.queue,
          score: BigInt(work.score),
          stepIndex: work.stepIndex,
          since: new Date(work.sinceMs),
          grade: toProtoGrade(work.grade),
        })),
        nextPageToken: next === undefined ? '' : `${next.score}.${next.ticketId}`,
      };
    },
  };
  return withStatus(api, statusOf);
}

function readToken(token: string): WaitingPosition | undefined {
  if (token === '') return undefined;
  const [, score, ticketId] = /^(-?\d+)\.(.+)$/.exec(token) ?? [];
  if (score === undefined || ticketId === undefined) {
    throw invalidArgument({ field: 'page_token', description: 'must be a next_page_token, or empty' });
  }
  return { score: Number(score), ticketId };
}
