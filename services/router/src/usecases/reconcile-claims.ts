import type { Agent } from '../domain/agents/agent.ts';
import type { Claim } from '../ports.ts';
import type { RoutingContext } from './context.ts';
import { handOutWaiting } from './hand-out-waiting.ts';

/**
 * Looks into claims that ticketing has not confirmed for a while: whoever claimed died before telling it, or its events are far
 * behind. Those whose ticket the agent owns are confirmed, those whose offer is still open wait on, the others are given back.
 * @param claimedBeforeMs Claims made later than this are left alone.
 */
export async function reconcileClaims(context: RoutingContext, agent: Agent, claimedBeforeMs: number): Promise<void> {
  const { agents, tickets, offers, roster, clock } = context;
  const old = agent.unconfirmed.filter(({ claimedAtMs }) => claimedAtMs <= claimedBeforeMs);
  const confirmed: string[] = [];
  const lost: Pick<Claim, 'ticketId' | 'sequence'>[] = [];
  const offered: Pick<Claim, 'ticketId' | 'sequence'>[] = [];
  for (const { ticketId } of old) {
    const ticket = await tickets.get(ticketId);
    const claim = agent.work.find((held) => held.ticketId === ticketId);
    if (ticket?.active === true && ticket.ownerId === agent.id) confirmed.push(ticketId);
    else if (claim === undefined) continue;
    else if (claim.offerId !== undefined && (await offers.get(claim.offerId))?.open) offered.push(claim);
    else lost.push(claim);
  }
  const after = [
    confirmed.length > 0 && (await agents.confirm(agent.id, confirmed)),
    offered.length > 0 && (await agents.renew(agent.id, offered, clock.now())),
    lost.length > 0 && (await agents.release(agent.id, lost)),
  ];
  for (const seen of after) if (seen) roster.note(seen);
  if (lost.length > 0) await handOutWaiting(context, [agent.id]);
}
