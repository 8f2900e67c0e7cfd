import {
  type Attachment,
  Automatic,
  CallOutcome,
  InboundMessage,
  inboundMessageId,
  MessageKind,
  type Refusal,
  Verification,
  Visibility,
} from '@tributary/contracts';
import { type Call, type MessageOfCall, secondsBetween } from '../domain/call.ts';
import { reasonName } from '../domain/call-script.ts';
import type { OutboundCall, OutboundEffect } from '../domain/outbound-call.ts';
import { type FactName, filled, languageOf } from '../domain/voice-policy.ts';
import type { VoiceDependencies } from './voice-dependencies.ts';

export const channelName = 'phone';

export function conversationKeyOf({ id }: Pick<Call, 'id'>): string {
  return `${channelName}:${id}`;
}

/** The id of the call with this conversation; undefined when it is none of ours. */
export function callIdOf(conversationKey: string): string | undefined {
  return conversationKey.startsWith(`${channelName}:`) ? conversationKey.slice(channelName.length + 1) : undefined;
}

const outcomes: Readonly<Record<MessageOfCall, CallOutcome>> = {
  waiting: CallOutcome.CALL_OUTCOME_UNSPECIFIED,
  callback: CallOutcome.CALL_OUTCOME_CALLBACK_REQUESTED,
  voicemail: CallOutcome.CALL_OUTCOME_VOICEMAIL,
  abandoned: CallOutcome.CALL_OUTCOME_ABANDONED,
  answered: CallOutcome.CALL_OUTCOME_ANSWERED,
};
const facts: Readonly<Record<MessageOfCall, FactName>> = {
  waiting: 'call',
  callback: 'callback',
  voicemail: 'voicemail',
  abandoned: 'abandoned',
  answered: 'answered',
};
/** How each message's id ends. However a call ended, there is one message of its end. */
const suffixes: Readonly<Record<MessageOfCall, string>> = {
  waiting: '',
  callback: ' callback',
  voicemail: ' voicemail',
  abandoned: ' ended',
  answered: ' ended',
};

/** What is told of a call; the same message however often it is made. Rejects when a recording cannot be had just now. */
export async function messageOf(
  what: MessageOfCall,
  call: Call,
  dependencies: VoiceDependencies,
): Promise<InboundMessage> {
  const { policy, now } = dependencies;
  const waitSeconds = secondsBetween(call.waitingSinceMs, call.answeredAtMs ?? call.endedAtMs ?? now());
  const talkSeconds = secondsBetween(call.answeredAtMs, call.endedAtMs);
  const seconds = { waiting: 0, callback: waitSeconds, abandoned: waitSeconds, answered: talkSeconds };
  const values = {
    reason: reasonName(call, policy),
    seconds: what === 'voicemail' ? (call.recording?.seconds ?? 0) : seconds[what],
  };
  const fact = filled(languageOf(policy, call.language).facts[facts[what]], values).trim();
  const recording = what === 'voicemail' || what === 'answered' ? await recordingOf(call, dependencies) : undefined;
  return InboundMessage.fromPartial({
    ...commonFields(call, suffixes[what]),
    conversationKey: conversationKeyOf(call),
    text: (what === 'voicemail' && call.transcript) || fact,
    ...recording,
    kind: what === 'voicemail' ? MessageKind.MESSAGE_KIND_VOICEMAIL : MessageKind.MESSAGE_KIND_CALL,
    call: {
      outcome: outcomes[what],
      talkSeconds: BigInt(talkSeconds),
      waitSeconds: what === 'waiting' ? 0n : BigInt(waitSeconds),
      menuChoice: call.reason,
      outbound: false,
    },
    languageHint: call.language,
    regionHint: call.country,
    receivedTime: new Date(what === 'waiting' ? (call.waitingSinceMs ?? now()) : now()),
  });
}

async function recordingOf(
  call: Call,
  { keepRecording }: VoiceDependencies,
): Promise<{ attachments?: Attachment[]; refusals?: Refusal[] }> {
  if (call.recording === undefined) {
    const isMissing = call.mayRecord && call.answeredAtMs !== undefined;
    return isMissing ? { refusals: [{ what: 'the recording', reason: 'the provider did not send it in time' }] } : {};
  }
  if (call.recording.url === '') return {};
  const kept = await keepRecording(call.account, call.recording.url);
  return 'attachment' in kept ? { attachments: [kept.attachment] } : { refusals: [kept.refusal] };
}

const results: Readonly<Record<Extract<OutboundEffect, { type: 'tell' }>['result'], [CallOutcome, FactName]>> = {
  answered: [CallOutcome.CALL_OUTCOME_ANSWERED, 'outbound_answered'],
  failed: [CallOutcome.CALL_OUTCOME_FAILED, 'outbound_failed'],
  'no-agent': [CallOutcome.CALL_OUTCOME_FAILED, 'outbound_no_agent'],
};

/** How a call of ours to the customer went. */
export function outboundResult(
  call: OutboundCall,
  { result, status }: Extract<OutboundEffect, { type: 'tell' }>,
  { policy, now }: Pick<VoiceDependencies, 'policy' | 'now'>,
): InboundMessage {
  const [outcome, fact] = results[result];
  const talkSeconds = result === 'answered' ? secondsBetween(call.answeredAtMs, now()) : 0;
  return InboundMessage.fromPartial({
    ...commonFields({ ...call, from: call.to }, ' outbound'),
    conversationKey: call.conversationKey,
    replyToTicketId: call.ticketId,
    text: filled(languageOf(policy, call.language).facts[fact], { seconds: talkSeconds, result: status }),
    kind: MessageKind.MESSAGE_KIND_CALL,
    call: { outcome, talkSeconds: BigInt(talkSeconds), waitSeconds: 0n, menuChoice: '', outbound: true },
    languageHint: call.language,
    receivedTime: new Date(now()),
  });
}

function commonFields(call: { id: string; account: string; from: string }, suffix: string): Partial<InboundMessage> {
  return {
    id: inboundMessageId(channelName, call.account, `${call.id}${suffix}`),
    channel: channelName,
    account: call.account,
    providerMessageId: `${call.id}${suffix}`,
    sender: {
      kind: 'phone',
      address: call.from,
      displayName: '',
      verification: call.from === '' ? Verification.VERIFICATION_CLAIMED : Verification.VERIFICATION_CHANNEL,
    },
    visibility: Visibility.VISIBILITY_PRIVATE,
    automatic: Automatic.AUTOMATIC_NONE,
  };
}
