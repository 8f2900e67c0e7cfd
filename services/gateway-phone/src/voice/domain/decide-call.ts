import {
  type Call,
  type CallEvent,
  type Effect,
  forgetAfterMs,
  hasAgent,
  isForgettable,
  type Leg,
  longestMs,
  materialWithinMs,
  secondsBetween,
} from './call.ts';
import { isTranscribed } from './call-script.ts';
import { isOpen } from './hours.ts';
import type { VoicePolicy } from './voice-policy.ts';

export interface Decided {
  readonly call: Call;
  readonly effects: readonly Effect[];
}

/** How often a question is asked before the call goes on without an answer. */
const maxTries = 3;

/**
 * What an event makes of a call. An event that comes again, or too late, changes nothing: then the call is the very same
 * object, and what is answered is what the call's state says.
 */
export function decideCall(call: Call, event: CallEvent, policy: VoicePolicy, nowMs: number): Decided {
  switch (event.type) {
    case 'begun':
      return call.step === 'begun' ? firstStep(call, policy, nowMs) : same(call);
    case 'key':
      return key(call, event, policy, nowMs);
    case 'waits':
      return call.step === 'waiting' &&
        secondsBetween(call.waitingSinceMs, nowMs) >= policy.voicemail.after_wait_seconds
        ? leaveQueue(call, 'voicemail', policy, nowMs)
        : same(call);
    case 'queueFull':
      return call.step === 'waiting' ? leaveQueue(call, 'voicemail', policy, nowMs) : same(call);
    case 'hungUp':
      return hungUp(call, policy, nowMs);
    case 'recorded':
      return recorded(call, event.recording, policy, nowMs);
    case 'transcribed': {
      if (call.transcript !== undefined || !isVoicemail(call) || !isTranscribed(call, policy)) return same(call);
      return settle({ ...call, transcript: event.text }, policy, nowMs);
    }
    case 'offered':
      if (call.legs[event.offerId] !== undefined || !wantsAgent(call)) return same(call);
      return to(withLeg(call, event.offerId, { agentId: event.agentId, callId: '', state: 'ringing' }));
    case 'rung': {
      const leg = call.legs[event.offerId];
      return leg === undefined || leg.callId !== ''
        ? same(call)
        : to(withLeg(call, event.offerId, { ...leg, callId: event.callId }));
    }
    case 'taken':
      return taken(call, event.offerId, event.callId, nowMs);
    case 'agentLeft':
      return agentLeft(call, event);
    case 'conference':
      return call.conference === event.conference ? same(call) : to({ ...call, conference: event.conference });
    case 'due':
      return due(call, policy, nowMs);
  }
}

/** To the first question that has more than one answer. */
function firstStep(call: Call, policy: VoicePolicy, nowMs: number): Decided {
  const [only, ...others] = policy.languages;
  const language = others.length === 0 ? (only?.language ?? '') : call.language;
  return language === '' ? to({ ...call, step: 'language' }) : afterLanguage({ ...call, language }, policy, nowMs);
}

/** True while an agent may be rung for it. */
export function wantsAgent({ step }: Pick<Call, 'step'>): boolean {
  return step === 'waiting' || step === 'talking';
}

/** What should have come did not. */
function due(call: Call, policy: VoicePolicy, nowMs: number): Decided {
  if (isForgettable(call)) return same(call);
  return wantsAgent(call) ? hungUp(call, policy, nowMs) : tellEnd(call, nowMs);
}

function key(
  call: Call,
  { step, tries, digit }: Extract<CallEvent, { type: 'key' }>,
  policy: VoicePolicy,
  nowMs: number,
): Decided {
  if (step !== call.step || (tries !== call.tries && step !== 'waiting')) return same(call);
  const again = call.tries + 1 < maxTries;
  switch (call.step) {
    case 'language': {
      const chosen = policy.languages.find((language) => language.key === digit);
      if (chosen === undefined && again) return to({ ...call, tries: call.tries + 1 });
      const language = (chosen ?? policy.languages[0])?.language ?? '';
      const next = afterLanguage({ ...call, language, tries: 0 }, policy, nowMs);
      if (chosen === undefined || call.from === '') return next;
      return { call: next.call, effects: [{ type: 'rememberLanguage', language }, ...next.effects] };
    }
    case 'reason': {
      // Who was greeted in the wrong language finds the menu of languages here.
      if (digit === '*' && policy.languages.length > 1)
        return to({ ...call, step: 'language', language: '', tries: 0 });
      const chosen = policy.reasons.find((reason) => reason.key === digit);
      if (chosen === undefined && again) return to({ ...call, tries: call.tries + 1 });
      return afterReason({ ...call, reason: chosen?.id ?? '', tries: 0 }, policy, nowMs);
    }
    case 'consent':
      if (digit !== '1' && digit !== '2' && again) return to({ ...call, tries: call.tries + 1 });
      return queue({ ...call, mayRecord: digit === '1', tries: 0 }, nowMs);
    case 'waiting':
      if (digit === '1') return leaveQueue(call, 'callback', policy, nowMs);
      return digit === '2' ? leaveQueue(call, 'voicemail', policy, nowMs) : same(call);
    default:
      return same(call);
  }
}

function afterLanguage(call: Call, policy: VoicePolicy, nowMs: number): Decided {
  if (!isOpen(policy, nowMs)) return to(askForVoicemail({ ...call, closed: true }, policy, nowMs));
  return policy.reasons.length > 0 ? to({ ...call, step: 'reason' }) : afterReason(call, policy, nowMs);
}

function afterReason(call: Call, policy: VoicePolicy, nowMs: number): Decided {
  return policy.record_calls === 'ask' ? to({ ...call, step: 'consent' }) : queue(call, nowMs);
}

function queue(call: Call, nowMs: number): Decided {
  return to(
    { ...call, step: 'waiting', waitingSinceMs: nowMs, dueAtMs: nowMs + longestMs },
    { type: 'tell', message: 'waiting' },
  );
}

function leaveQueue(call: Call, step: 'callback' | 'voicemail', policy: VoicePolicy, nowMs: number): Decided {
  if (step === 'voicemail') return to(askForVoicemail(call, policy, nowMs), { type: 'signalLeft' });
  const told: Call = { ...call, step, told: true, dueAtMs: nowMs + forgetAfterMs };
  return to(told, { type: 'tell', message: 'callback' }, { type: 'signalLeft' });
}

function askForVoicemail(call: Call, { voicemail }: VoicePolicy, nowMs: number): Call {
  return { ...call, step: 'voicemail', dueAtMs: nowMs + voicemail.max_seconds * 1000 + materialWithinMs };
}

function hungUp(call: Call, policy: VoicePolicy, nowMs: number): Decided {
  if (call.endedAtMs !== undefined) return same(call);
  const ended = { ...call, endedAtMs: nowMs };
  if (call.step === 'waiting') {
    const gone: Call = { ...ended, step: 'ended', told: true, dueAtMs: nowMs + forgetAfterMs };
    return to(gone, { type: 'tell', message: 'abandoned' }, { type: 'signalLeft' });
  }
  if (call.step === 'talking') return settle({ ...ended, step: 'ended' }, policy, nowMs, { type: 'signalLeft' });
  // In a menu nobody has waited for anybody yet; a voicemail is told when its recording comes.
  return to(isVoicemail(call) ? ended : { ...ended, step: 'ended', told: true, dueAtMs: nowMs + forgetAfterMs });
}

function recorded(call: Call, recording: Call['recording'], policy: VoicePolicy, nowMs: number): Decided {
  if (call.recording !== undefined || recording === undefined) return same(call);
  if (call.step === 'voicemail' || call.step === 'talking' || call.step === 'ended') {
    const step = call.step === 'voicemail' ? 'recorded' : call.step;
    return settle({ ...call, step, recording }, policy, nowMs);
  }
  return same(call);
}

/** Tells how it ended when all there is to tell is there, else waits for it. */
function settle(call: Call, policy: VoicePolicy, nowMs: number, ...effects: Effect[]): Decided {
  const isOver = isVoicemail(call) ? call.recording !== undefined : call.step === 'ended';
  if (call.told || !isOver) return to(call, ...effects);
  const isMissing = isVoicemail(call)
    ? hasRecording(call) && isTranscribed(call, policy) && call.transcript === undefined
    : call.mayRecord && call.recording === undefined;
  if (isMissing) return to({ ...call, dueAtMs: nowMs + materialWithinMs }, ...effects);
  // Fetching the recording may take long or fail: that is done, and tried again, apart from the provider's request.
  if (hasRecording(call)) return to({ ...call, dueAtMs: nowMs }, ...effects);
  const { call: told, effects: telling } = tellEnd(call, nowMs);
  return to(told, ...effects, ...telling);
}

function tellEnd(call: Call, nowMs: number): Decided {
  const told = { ...call, told: true, dueAtMs: nowMs + forgetAfterMs };
  if (!isVoicemail(call)) return to(told, { type: 'tell', message: 'answered' });
  if (hasRecording(call)) return to(told, { type: 'tell', message: 'voicemail' });
  // They said nothing. Who had waited before is called back all the same.
  return call.waitingSinceMs === undefined ? to(told) : to(told, { type: 'tell', message: 'abandoned' });
}

function taken(call: Call, offerId: string, callId: string, nowMs: number): Decided {
  const leg = call.legs[offerId];
  if (leg === undefined || leg.state === 'talking' || !wantsAgent(call)) return same(call);
  const talking = withLeg(call, offerId, { ...leg, callId, state: 'talking' });
  if (call.step === 'talking') {
    return to({ ...talking, onHold: false }, ...(call.onHold ? [{ type: 'hold', on: false } as const] : []));
  }
  return to(
    { ...talking, step: 'talking', answeredAtMs: nowMs },
    { type: 'connect' },
    { type: 'noteWait', seconds: secondsBetween(call.waitingSinceMs, nowMs) },
  );
}

function agentLeft(call: Call, gone: { readonly callId: string; readonly offerId: string }): Decided {
  const [offerId, leg] =
    Object.entries(call.legs).find(
      ([id, { callId }]) => id === gone.offerId || (callId !== '' && callId === gone.callId),
    ) ?? [];
  if (offerId === undefined || leg === undefined || leg.state === 'over') return same(call);
  const left = withLeg(call, offerId, { ...leg, state: 'over' });
  if (leg.state !== 'talking' || call.step !== 'talking' || hasAgent(left)) return to(left);
  // Another agent is being rung: the caller has been handed over.
  const isHandedOver = Object.values(left.legs).some(({ state }) => state === 'ringing');
  return isHandedOver ? to({ ...left, onHold: true }, { type: 'hold', on: true }) : to(left, { type: 'sayGoodbye' });
}

function hasRecording({ recording }: Call): boolean {
  return recording !== undefined && recording.url !== '';
}

function withLeg(call: Call, offerId: string, leg: Leg): Call {
  return { ...call, legs: { ...call.legs, [offerId]: leg } };
}

function isVoicemail({ step }: Call): boolean {
  return step === 'voicemail' || step === 'recorded';
}

function to(call: Call, ...effects: Effect[]): Decided {
  return { call, effects };
}

function same(call: Call): Decided {
  return { call, effects: [] };
}
