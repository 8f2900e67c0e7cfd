import { status } from '@grpc/grpc-js';
import { type Offer, OfferState, StatusError } from '@tributary/contracts';
import { PermanentSendError, UncertainSendError } from '@tributary/gateway-kit';
import { type Call, type Leg, secondsBetween } from '../domain/call.ts';
import { wantsAgent } from '../domain/decide-call.ts';
import { advanceCall } from './advance-call.ts';
import { callIdOf, channelName } from './call-messages.ts';
import type { VoiceDependencies } from './voice-dependencies.ts';

/** Follows an offer of a call: rings the agent while it is pending, and stops when it is not any more. A repeat changes nothing. */
export async function followOffer(offer: Offer, dependencies: VoiceDependencies): Promise<void> {
  const callId = offer.channel === channelName ? callIdOf(offer.conversationKey) : undefined;
  if (callId === undefined) return;
  if (offer.state === OfferState.OFFER_STATE_PENDING) await ringAgent(callId, offer, dependencies);
  // An agent who accepted by another way is still to answer the telephone.
  else if (offer.state !== OfferState.OFFER_STATE_ACCEPTED) await stopRinging(callId, offer.id, dependencies);
}

async function ringAgent(callId: string, offer: Offer, dependencies: VoiceDependencies): Promise<void> {
  const { telephony, now } = dependencies;
  const { id: offerId, agentId, agentCallAddress: address, expiresTime } = offer;
  const secondsLeft = secondsBetween(now(), expiresTime?.getTime());
  if (secondsLeft === 0) return;
  if (address === '') return decline(offerId, agentId, 'no telephone address is known of the agent', dependencies);
  const call = await advanceCall(callId, { type: 'offered', offerId, agentId }, dependencies);
  const leg = call?.legs[offerId];
  if (call === undefined || leg === undefined || leg.callId !== '' || leg.state !== 'ringing') return;
  const where = `call=${callId}&offer=${encodeURIComponent(offerId)}`;
  try {
    const legId = await telephony.ring({
      account: call.account,
      address,
      answered: `/agent?${where}`,
      status: `/agent/status?${where}`,
      // The router's own time-out comes first, so that it is the one that counts.
      timeoutSeconds: Math.max(5, secondsLeft),
    });
    await advanceCall(callId, { type: 'rung', offerId, callId: legId }, dependencies);
  } catch (error) {
    // It may ring; if it does not, the offer times out.
    if (error instanceof UncertainSendError) return;
    if (!(error instanceof PermanentSendError)) throw error;
    await decline(offerId, agentId, error.message, dependencies);
    await advanceCall(callId, { type: 'agentLeft', offerId, callId: '' }, dependencies);
  }
}

async function stopRinging(callId: string, offerId: string, dependencies: VoiceDependencies): Promise<void> {
  const stored = await dependencies.calls.find(callId);
  const leg = stored?.value.legs[offerId];
  if (stored === undefined || leg?.state !== 'ringing') return;
  if (leg.callId !== '') await dependencies.telephony.hangUp(stored.value.account, leg.callId);
  await advanceCall(callId, { type: 'agentLeft', offerId, callId: leg.callId }, dependencies);
}

/**
 * The agent has answered and pressed a key.
 * @returns the call they are to be put into; undefined when it is not theirs any more, or nobody is there.
 */
export async function takeCall(
  callId: string,
  offerId: string,
  legId: string,
  dependencies: VoiceDependencies,
): Promise<Call | undefined> {
  const { calls, agents } = dependencies;
  const stored = await calls.find(callId);
  const leg = stored?.value.legs[offerId];
  if (stored === undefined || leg === undefined || !wantsAgent(stored.value)) return undefined;
  try {
    await agents.acceptOffer({ offerId, agentId: leg.agentId });
  } catch (error) {
    if (isOver(error)) return undefined;
    throw error;
  }
  const call = await advanceCall(callId, { type: 'taken', offerId, callId: legId }, dependencies);
  return call?.step === 'talking' && call.legs[offerId]?.state === 'talking' ? call : undefined;
}

/** An agent's telephone is free again. @param callStatus As the provider names it. */
export async function agentLegOver(
  callId: string,
  offerId: string,
  callStatus: string,
  dependencies: VoiceDependencies,
): Promise<void> {
  const leg: Leg | undefined = (await dependencies.calls.find(callId))?.value.legs[offerId];
  if (leg === undefined) return;
  if (leg.state === 'ringing') {
    const reason = callStatus === 'completed' ? 'answered and did not take the call' : `the telephone: ${callStatus}`;
    await decline(offerId, leg.agentId, reason, dependencies);
  }
  await advanceCall(callId, { type: 'agentLeft', offerId, callId: leg.callId }, dependencies);
}

async function decline(
  offerId: string,
  agentId: string,
  reason: string,
  { agents }: Pick<VoiceDependencies, 'agents'>,
): Promise<void> {
  try {
    await agents.declineOffer({ offerId, agentId, reason });
  } catch (error) {
    if (!isOver(error)) throw error;
  }
}

/** The offer has ended otherwise. */
function isOver(error: unknown): boolean {
  return error instanceof StatusError && (error.code === status.FAILED_PRECONDITION || error.code === status.NOT_FOUND);
}
