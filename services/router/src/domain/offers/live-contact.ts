import type { Agent } from '../agents/agent.ts';

/** How contacts of one channel are offered, by policy. */
export interface OfferTerms {
  /** How long an agent has to answer, in milliseconds. */
  readonly timeoutMs: number;
  /** After so many offers not answered in a row the agent takes no new work until they say they are back. 0: never. */
  readonly notAnsweringAfter: number;
  /** Only agents who can be rung get them. */
  readonly needsCallAddress: boolean;
  /** Milliseconds after which whoever let an offer pass may be asked for the same ticket again. 0: only once they free up. */
  readonly askAgainAfterMs: number;
  /** What becomes of the ticket: ordinary work for somebody who calls back, or left in its queue. */
  readonly whenCustomerLeaves: 'assign' | 'leave';
}

/** An agent who was offered the contact and did not take it. */
export interface Passed {
  readonly agentId: string;
  /** In words, for the trace. */
  readonly reason: string;
  readonly atMs: number;
}

/** A customer who is there now and waits to be answered. */
export interface LiveContact {
  readonly channel: string;
  readonly account: string;
  readonly conversationKey: string;
  /** The message that wants an answer. */
  readonly messageId: string;
  /** When it came. Whoever leaves later than that is gone. */
  readonly arrivedAtMs: number;
  readonly terms: OfferTerms;
  /** The latest last; one agent may be there several times. */
  readonly passed: readonly Passed[];
}

/** Why the agent is not offered this contact (again), in words; empty when they may be. */
export function passedOver(agent: Agent, { terms, passed }: LiveContact, nowMs: number): string {
  if (terms.needsCallAddress && agent.callAddress === '') return 'has no call address';
  const last = passed.findLast(({ agentId }) => agentId === agent.id);
  if (last === undefined || (agent.availableSinceMs ?? 0) > last.atMs) return '';
  const mayBeAskedAgain = terms.askAgainAfterMs > 0 && nowMs >= last.atMs + terms.askAgainAfterMs;
  return mayBeAskedAgain ? '' : last.reason;
}
