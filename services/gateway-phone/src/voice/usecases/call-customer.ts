import { status } from '@grpc/grpc-js';
import { type OutboundMessage, StatusError } from '@tributary/contracts';
import { PermanentSendError, type SentMessage } from '@tributary/gateway-kit';
import { spoken } from '../domain/call-script.ts';
import { decideOutbound, type OutboundCall, type OutboundEffect, type OutboundEvent } from '../domain/outbound-call.ts';
import { languageOf } from '../domain/voice-policy.ts';
import { CallGoneError } from '../ports.ts';
import { outboundResult } from './call-messages.ts';
import type { VoiceDependencies } from './voice-dependencies.ts';

const agentRingSeconds = 30;
const customerRingSeconds = 45;

/**
 * Rings the agent who wants to call the customer. That the agent's telephone rings is all that is known afterwards; how the
 * call went comes as a message on the ticket.
 */
export async function placeCall(
  message: OutboundMessage,
  account: string,
  dependencies: VoiceDependencies,
): Promise<SentMessage> {
  const { outboundCalls, telephony } = dependencies;
  const [recipient] = message.recipients;
  if (!/^\+[1-9]\d{6,14}$/.test(recipient?.address ?? '')) {
    throw new PermanentSendError('recipients[0].address: must be a number in E.164');
  }
  const address = await agentAddress(message.authorId, dependencies);
  const { value: call } = await outboundCalls.begin({
    id: message.id,
    ticketId: message.ticketId,
    conversationKey: message.conversationKey,
    account,
    agentId: message.authorId,
    to: recipient?.address ?? '',
    displayName: recipient?.displayName ?? '',
    language: message.language,
    step: 'agent',
    agentCallId: '',
    customerCallId: '',
    startedAtMs: dependencies.now(),
  });
  if (call.agentCallId !== '') return { providerMessageId: call.agentCallId };
  const callId = await telephony.ring({
    account,
    address,
    answered: `/outbound/agent?call=${call.id}`,
    status: `/outbound/status?call=${call.id}&leg=agent`,
    timeoutSeconds: agentRingSeconds,
  });
  await advanceOutbound(call.id, { type: 'agentRung', callId }, dependencies);
  return { providerMessageId: callId };
}

async function agentAddress(agentId: string, { agents }: VoiceDependencies): Promise<string> {
  try {
    const { callAddress } = await agents.getAgent({ id: agentId });
    if (callAddress === '') throw new PermanentSendError(`no telephone address is known of agent ${agentId}`);
    return callAddress;
  } catch (error) {
    if (error instanceof StatusError && error.code === status.NOT_FOUND) {
      throw new PermanentSendError(`there is no agent ${agentId}`);
    }
    throw error;
  }
}

/** The agent is on the line and wants the customer. @returns the call; undefined when it is over. */
export async function ringCustomer(id: string, dependencies: VoiceDependencies): Promise<OutboundCall | undefined> {
  const call = await advanceOutbound(id, { type: 'agentReady' }, dependencies);
  if (call === undefined || call.step === 'over') return undefined;
  if (call.customerCallId !== '' || call.step !== 'customer') return call;
  try {
    const callId = await dependencies.telephony.ring({
      account: call.account,
      address: `tel:${call.to}`,
      answered: `/outbound/customer?call=${call.id}`,
      status: `/outbound/status?call=${call.id}&leg=customer`,
      timeoutSeconds: customerRingSeconds,
    });
    return await advanceOutbound(id, { type: 'customerRung', callId }, dependencies);
  } catch (error) {
    if (!(error instanceof PermanentSendError)) throw error;
    await advanceOutbound(id, { type: 'legOver', leg: 'customer', status: error.message }, dependencies);
    return undefined;
  }
}

/** Lets an event happen to an outbound call, as `advanceCall` does to the others. */
export async function advanceOutbound(
  id: string,
  event: OutboundEvent,
  dependencies: VoiceDependencies,
): Promise<OutboundCall | undefined> {
  const { outboundCalls, now } = dependencies;
  for (;;) {
    const stored = await outboundCalls.find(id);
    if (stored === undefined) return undefined;
    const { call, effects } = decideOutbound(stored.value, event, now());
    if (call === stored.value) return call;
    for (const effect of effects) await perform(effect, call, dependencies);
    if (await outboundCalls.replace(call, stored.revision)) return call;
  }
}

async function perform(effect: OutboundEffect, call: OutboundCall, dependencies: VoiceDependencies): Promise<void> {
  const { inbox, telephony, policy } = dependencies;
  if (effect.type === 'tell') return inbox.accept(outboundResult(call, effect, dependencies));
  if (effect.type === 'hangUp') {
    const callId = effect.leg === 'agent' ? call.agentCallId : call.customerCallId;
    if (callId !== '') await telephony.hangUp(call.account, callId);
    return;
  }
  const verbs = [spoken(languageOf(policy, call.language), 'agent_no_answer'), { verb: 'hangup' }] as const;
  await telephony.redirect(call.account, call.agentCallId, verbs).catch((error: unknown) => {
    if (!(error instanceof CallGoneError)) throw error;
  });
}
