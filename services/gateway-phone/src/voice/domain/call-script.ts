import type { Call } from './call.ts';
import type { Conference, Spoken, Verb } from './twiml.ts';
import { filled, languageOf, type PromptName, type VoiceLanguage, type VoicePolicy } from './voice-policy.ts';

/** How long a caller has for a key after a question. */
const keyWithinSeconds = 6;

/** What the caller hears in the state the call is in: the answer to every event of their own leg. */
export function scriptOf(call: Call, policy: VoicePolicy): Verb[] {
  const language = languageOf(policy, call.language);
  const ask = (content: readonly Spoken[]): Verb[] => [
    {
      verb: 'gather',
      action: `/call/key?step=${call.step}&tries=${call.tries}`,
      timeoutSeconds: keyWithinSeconds,
      content,
    },
  ];
  switch (call.step) {
    case 'begun':
    case 'language':
      return ask(policy.languages.map((each) => spoken(each, 'language')));
    case 'reason':
      return ask([spoken(language, 'reason')]);
    case 'consent':
      return ask([spoken(language, 'consent')]);
    case 'waiting':
      return [
        { verb: 'enqueue', queue: `tributary ${call.account}`, action: '/call/left-queue', waitUrl: '/call/wait' },
      ];
    case 'talking':
      return [conferenceOf(call, policy, true)];
    case 'callback':
      return [spoken(language, 'callback'), { verb: 'hangup' }];
    case 'voicemail':
      return [
        spoken(language, call.closed ? 'closed' : 'voicemail'),
        {
          verb: 'record',
          action: '/call/message-left',
          recorded: '/call/recorded',
          maxSeconds: policy.voicemail.max_seconds,
          ...(isTranscribed(call, policy) && { transcribed: '/call/transcribed' }),
        },
      ];
    case 'recorded':
    case 'ended':
      return [spoken(language, 'goodbye'), { verb: 'hangup' }];
  }
}

/** The provider transcribes English alone (https://www.twilio.com/docs/voice/twiml/record#transcribe). */
export function isTranscribed({ language }: Pick<Call, 'language'>, { voicemail }: VoicePolicy): boolean {
  return voicemail.transcribe && language.startsWith('en');
}

/** Where a waiting caller stands. */
export interface QueueFacts {
  /** 1 is next. */
  readonly position: number;
  /** How long the wait is likely to take. Absent: it cannot be told. */
  readonly estimateSeconds?: number | undefined;
}

/** What a caller hears while they wait, again and again. Who is not to wait any more leaves the queue. */
export function waitScriptOf(call: Call, policy: VoicePolicy, { position, estimateSeconds }: QueueFacts): Verb[] {
  if (call.step !== 'waiting') return [{ verb: 'leave' }];
  const language = languageOf(policy, call.language);
  const minutes = estimateSeconds === undefined ? undefined : Math.ceil(estimateSeconds / 60);
  const content: Spoken[] = [spoken(language, 'position', { position })];
  if (minutes !== undefined) content.push(spoken(language, minutes <= 1 ? 'minute' : 'minutes', { minutes }));
  content.push(spoken(language, 'choices'), ...policy.music.map((url): Spoken => ({ verb: 'play', url })));
  return [
    { verb: 'gather', action: '/call/wait-key', timeoutSeconds: 1, content },
    { verb: 'redirect', to: '/call/wait' },
  ];
}

/** What an agent hears who is rung: a key shows that a person took it, not their mailbox. */
export function agentScriptOf(call: Call, policy: VoicePolicy, offerId: string): Verb[] {
  const language = languageOf(policy, call.language);
  const reason = reasonName(call, policy);
  return [
    {
      verb: 'gather',
      action: `/agent/key?call=${call.id}&offer=${encodeURIComponent(offerId)}`,
      timeoutSeconds: 10,
      content: [spoken(language, 'agent_offer', { from: spelled(call.from), reason })],
    },
  ];
}

/** The room in which caller and agents meet. */
export function conferenceOf(call: Call, { music }: VoicePolicy, isCaller: boolean): Conference {
  return {
    verb: 'conference',
    name: call.id,
    endsConference: isCaller,
    events: `/conference?call=${call.id}`,
    ...(call.mayRecord && { recorded: `/conference/recorded?call=${call.id}` }),
    music: music[0] ?? '',
  };
}

/** What was chosen in the menu, in the caller's language. Empty when nothing was. */
export function reasonName(call: Pick<Call, 'reason' | 'language'>, policy: VoicePolicy): string {
  const { language } = languageOf(policy, call.language);
  return policy.reasons.find(({ id }) => id === call.reason)?.name[language] ?? '';
}

export function spoken(
  language: VoiceLanguage,
  name: PromptName,
  values: Readonly<Record<string, string | number>> = {},
): Spoken {
  const prompt = language.prompts[name];
  if (typeof prompt !== 'string') return { verb: 'play', url: prompt.play };
  return { verb: 'say', text: filled(prompt, values), ...language.say };
}

/** A number digit by digit, or it would be read as a large one. */
export function spelled(number: string): string {
  return number.replace(/^\+/, '').split('').join(' ');
}
