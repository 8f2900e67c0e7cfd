import { status } from '@grpc/grpc-js';
import { type AgentApi, OfferState, StatusError } from '@tributary/contracts';
import type { OfferAnswer } from './history.ts';
import { pause } from './pause.ts';
import type { Random } from './random.ts';

export interface OfferRobotOptions {
  readonly agents: AgentApi;
  readonly random: Random;
  /** Written down here before it is given. */
  readonly answers: OfferAnswer[];
  /** Aborts when no offer is to be declined or left unanswered any more. */
  readonly stopRefusing: AbortSignal;
  /** Aborts when it is to end. */
  readonly stop: AbortSignal;
}

const callTimeoutMs = 8000;

/**
 * Answers offers as the agents: accepts most, declines some, lets some time out. Each answer is given until it is decided, some
 * once more after that.
 */
export async function runOfferRobot(options: OfferRobotOptions): Promise<void> {
  const { agents, stop } = options;
  const seen = new Set<string>();
  const all = { agentId: '', ticketId: '', states: [OfferState.OFFER_STATE_PENDING], pageSize: 500, pageToken: '' };
  while (!stop.aborted) {
    const { offers } = await agents.listOffers(all, { timeoutMs: callTimeoutMs, signal: stop }).catch(() => ({
      offers: [],
    }));
    // Calls are taken by telephone.
    const news = offers.filter(({ id, channel }) => channel !== 'phone' && !seen.has(id));
    await Promise.all(
      news.map(async ({ id, agentId }) => {
        seen.add(id);
        await answer(id, agentId, options);
      }),
    );
    await pause(300, stop);
  }
}

async function answer(offerId: string, agentId: string, options: OfferRobotOptions): Promise<void> {
  const { agents, random, answers, stopRefusing, stop } = options;
  const refuses = !stopRefusing.aborted && random.chance(0.3);
  if (refuses && random.chance(0.3)) return; // Let it time out.
  const given: OfferAnswer = { offerId, kind: refuses ? 'decline' : 'accept', result: 'unknown' };
  answers.push(given);
  let repeats = random.chance(0.2) ? 1 : 0;
  while (!stop.aborted) {
    try {
      const call = { timeoutMs: callTimeoutMs, signal: stop };
      if (refuses) await agents.declineOffer({ offerId, agentId, reason: 'busy' }, call);
      else await agents.acceptOffer({ offerId, agentId }, call);
      given.result = 'accepted';
      if (repeats-- === 0) return;
    } catch (error) {
      const isDecided =
        error instanceof StatusError && (error.code === status.FAILED_PRECONDITION || error.code === status.NOT_FOUND);
      if (isDecided && given.result === 'unknown') given.result = 'refused';
      if (given.result !== 'unknown') return;
      await pause(random.between(100, 600), stop);
    }
  }
}
