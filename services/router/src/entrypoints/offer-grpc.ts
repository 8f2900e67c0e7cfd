import {
  type AgentApi,
  type Caller,
  failedPrecondition,
  invalidArgument,
  notFound,
  type Offer,
  OfferState,
  viewOf,
} from '@tributary/contracts';
import { fromProtoOfferState, toProtoOffer } from '../adapters/proto-offer.ts';
import type { KeptOffer, OfferPosition, OfferView } from '../ports.ts';
import { acceptOffer, declineOffer } from '../usecases/answer-offer.ts';
import type { RoutingContext } from '../usecases/context.ts';
import { ownAgentId } from './callers.ts';
import type { OfferWatch } from './offer-watch.ts';

const defaultPageSize = 50;
const maxPageSize = 500;
const maxReasonLength = 500;
const allPending = { states: ['pending', 'accepting'], ticket: '' } as const;

/** Whose offers a caller reads: an agent their own, a supervisor those of their regions, the others all. */
function readable(caller: Caller | undefined, agentId: string): OfferView {
  const regions = caller?.role === 'supervisor' ? viewOf(caller)?.regions : undefined;
  return { agentId: caller?.role === 'agent' ? ownAgentId(caller, agentId) : agentId, ...(regions && { regions }) };
}

/** The part of agents.v1 that is about offers. */
export function createOfferApi(
  context: RoutingContext,
  offerWatch: OfferWatch,
): Pick<AgentApi, 'listOffers' | 'acceptOffer' | 'declineOffer' | 'watchOffers'> {
  const { offers } = context;

  const checkAnswer = async (offerId: string, agentId: string, caller: Caller | undefined): Promise<void> => {
    if (offerId === '') throw invalidArgument({ field: 'offer_id', description: 'must not be empty' });
    if (agentId === '') return;
    const offer = found(await offers.get(offerId), offerId);
    if (offer.agentId === agentId) return;
    // Whose it is concerns nobody else.
    if (caller !== undefined && caller.role !== 'service') found(undefined, offerId);
    throw invalidArgument({
      field: 'agent_id',
      description: `must be "${offer.agentId}", to whom it was offered, or empty`,
    });
  };
  const pendingOf = async (whose: OfferView): Promise<Offer[]> => {
    const all: KeptOffer[] = [];
    let after: OfferPosition | undefined;
    do {
      const page = await offers.page({ ...allPending, ...whose }, after, maxPageSize);
      all.push(...page.offers);
      after = page.next;
    } while (after !== undefined);
    return all.reverse().map(toProtoOffer);
  };

  return {
    async listOffers({ agentId, ticketId, states, pageSize, pageToken }, options) {
      if (pageSize < 0 || pageSize > maxPageSize) {
        throw invalidArgument({
          field: 'page_size',
          description: `must be 1 to ${maxPageSize}, or 0 for ${defaultPageSize}`,
        });
      }
      const wanted = states.map((state, index) => {
        const words = fromProtoOfferState(state);
        if (words.length > 0) return words;
        throw invalidArgument({
          field: `states.${index}`,
          description: 'must be PENDING, ACCEPTED, DECLINED, TIMED_OUT or CANCELLED',
        });
      });
      const page = await offers.page(
        { ...readable(options?.caller, agentId), ticket: ticketId, states: wanted.flat() },
        readToken(pageToken),
        pageSize || defaultPageSize,
      );
      const { next } = page;
      return {
        offers: page.offers.map(toProtoOffer),
        nextPageToken: next === undefined ? '' : `${next.madeAtMs}.${next.id}`,
      };
    },
    async acceptOffer({ offerId, agentId }, options) {
      await checkAnswer(offerId, ownAgentId(options?.caller, agentId), options?.caller);
      return answered(found(await acceptOffer(context, offerId), offerId), OfferState.OFFER_STATE_ACCEPTED);
    },
    async declineOffer({ offerId, agentId, reason }, options) {
      if (reason.length > maxReasonLength) {
        throw invalidArgument({ field: 'reason', description: `must be at most ${maxReasonLength} characters` });
      }
      await checkAnswer(offerId, ownAgentId(options?.caller, agentId), options?.caller);
      const offer = await declineOffer(context, offerId, reason);
      return answered(found(offer, offerId), OfferState.OFFER_STATE_DECLINED);
    },
    async *watchOffers({ agentId }, options) {
      const whose = readable(options?.caller, agentId);
      yield* offerWatch.watch(whose, () => pendingOf(whose), options?.signal);
    },
  };
}

function found(offer: KeptOffer | undefined, id: string): KeptOffer {
  if (offer === undefined) throw notFound(`there is no offer "${id}"`);
  return offer;
}

/** @throws StatusError FAILED_PRECONDITION when the offer did not end as the agent answered. */
function answered(offer: KeptOffer, wanted: OfferState): Offer {
  const message = toProtoOffer(offer);
  if (message.state === wanted) return message;
  throw failedPrecondition(`the offer ${endings[offer.state]}${offer.reason === '' ? '' : `: ${offer.reason}`}`);
}

const endings: Readonly<Record<KeptOffer['state'], string>> = {
  pending: 'was not answered in time',
  accepting: 'is being accepted',
  accepted: 'has been accepted',
  declined: 'has been declined',
  timed_out: 'was not answered in time',
  cancelled: 'has been cancelled',
};

function readToken(token: string): OfferPosition | undefined {
  if (token === '') return undefined;
  const [, madeAtMs, id] = /^(\d+)\.(.+)$/.exec(token) ?? [];
  if (madeAtMs === undefined || id === undefined) {
    throw invalidArgument({ field: 'page_token', description: 'must be a next_page_token, or empty' });
  }
  return { madeAtMs: Number(madeAtMs), id };
}
