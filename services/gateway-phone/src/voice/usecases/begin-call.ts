import { type Call, incomingCall } from '../domain/call.ts';
import { callerNumber } from '../domain/caller-number.ts';
import { advanceCall } from './advance-call.ts';
import type { VoiceDependencies } from './voice-dependencies.ts';

/**
 * A customer calls one of our numbers. Who chose a language in an earlier call is greeted in it.
 * @param facts As Twilio names them (https://www.twilio.com/docs/voice/twiml#request-parameters).
 */
export async function beginCall(
  { CallSid: id = '', From = '', To = '', FromCountry: country = '' }: Readonly<Record<string, string>>,
  dependencies: VoiceDependencies,
): Promise<Call> {
  const { calls, callers, policy, now } = dependencies;
  const from = callerNumber(From);
  const language = await callers.language(from);
  const isKnown = policy.languages.some((each) => each.language === language);
  const nowMs = now();
  const call = incomingCall({ id, account: To, from, country, language: isKnown ? language : '' }, nowMs);
  // A flow without questions begins with the queue, whose effects are those of an event.
  const { value } = await calls.begin(call);
  return (await advanceCall(id, { type: 'begun' }, dependencies)) ?? value;
}
