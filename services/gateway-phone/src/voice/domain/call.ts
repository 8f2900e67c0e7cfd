/** A call of a customer to one of our numbers. Times are milliseconds since the epoch. */
export interface Call {
  /** The provider's id of the customer's leg. */
  readonly id: string;
  /** Our number that was called: the account of its messages. */
  readonly account: string;
  /** E.164. Empty when the caller withheld it. */
  readonly from: string;
  /** ISO 3166-1 alpha-2, as the provider says. Empty when unknown. */
  readonly country: string;
  readonly startedAtMs: number;
  readonly step: Step;
  /** How often the present question was asked before. */
  readonly tries: number;
  /** BCP 47 tag of the policy. Empty until it is known. */
  readonly language: string;
  /** Id of the policy's reason. Empty when none was chosen. */
  readonly reason: string;
  /** The caller agreed to be recorded. */
  readonly mayRecord: boolean;
  /** It came outside of the opening hours. */
  readonly closed: boolean;
  /** When they began to wait for an agent. Absent: they never did. */
  readonly waitingSinceMs?: number;
  /** When the first agent took it. */
  readonly answeredAtMs?: number;
  readonly endedAtMs?: number;
  readonly conference: string;
  /** The caller hears music, for the agent left and another one is being rung. */
  readonly onHold: boolean;
  /** Agents who are or were rung, by offer. */
  readonly legs: Readonly<Record<string, Leg>>;
  /** What was recorded of the conversation, or of the voicemail. Absent: nothing (yet). */
  readonly recording?: Recording;
  /** Of the voicemail. */
  readonly transcript?: string;
  /** Everything there is to say of it has been said. */
  readonly told: boolean;
  /** When to go on without what did not come, or to forget the call. */
  readonly dueAtMs: number;
}

/** Where the caller is: just begun, in a menu, waiting, speaking, done. `callback` and `recorded`: they hear goodbye. */
export type Step =
  | 'begun'
  | 'language'
  | 'reason'
  | 'consent'
  | 'waiting'
  | 'talking'
  | 'callback'
  | 'voicemail'
  | 'recorded'
  | 'ended';

/** An agent's telephone. */
export interface Leg {
  readonly agentId: string;
  /** The provider's id. Empty until it is known. */
  readonly callId: string;
  readonly state: 'ringing' | 'talking' | 'over';
}

export interface Recording {
  /** Where the provider keeps it. Empty: there was nothing to record. */
  readonly url: string;
  readonly seconds: number;
}

/** What happens to a call. */
export type CallEvent =
  /** It was just stored. */
  | { readonly type: 'begun' }
  /** A digit, or empty for none in time. `step` and `tries` say which question it answers. */
  | { readonly type: 'key'; readonly step: string; readonly tries: number; readonly digit: string }
  /** The caller is still in the queue. */
  | { readonly type: 'waits' }
  /** The queue takes nobody else. */
  | { readonly type: 'queueFull' }
  | { readonly type: 'hungUp' }
  | { readonly type: 'recorded'; readonly recording: Recording }
  | { readonly type: 'transcribed'; readonly text: string }
  | { readonly type: 'offered'; readonly offerId: string; readonly agentId: string }
  | { readonly type: 'rung'; readonly offerId: string; readonly callId: string }
  /** The agent has taken the offer. */
  | { readonly type: 'taken'; readonly offerId: string; readonly callId: string }
  /** The agent is gone, or never came. */
  | { readonly type: 'agentLeft'; readonly callId: string; readonly offerId: string }
  | { readonly type: 'conference'; readonly conference: string }
  /** The time set in `dueAtMs` has come. */
  | { readonly type: 'due' };

/** What is to be done before the new state is written. Each may be done again. */
export type Effect =
  | { readonly type: 'tell'; readonly message: MessageOfCall }
  /** The customer left: nobody need be offered the call any more. */
  | { readonly type: 'signalLeft' }
  | { readonly type: 'rememberLanguage'; readonly language: string }
  /** Into the conference with the caller. */
  | { readonly type: 'connect' }
  | { readonly type: 'hold'; readonly on: boolean }
  /** Nobody is left to speak with. */
  | { readonly type: 'sayGoodbye' }
  | { readonly type: 'noteWait'; readonly seconds: number };

/** Of what kind a message about the call is; each is sent once. */
export type MessageOfCall = 'waiting' | 'callback' | 'voicemail' | 'abandoned' | 'answered';

/** A call that has just come in. @param language Known of the caller from before; empty when it is not. */
export function incomingCall(
  facts: Pick<Call, 'id' | 'account' | 'from' | 'country'> & { readonly language: string },
  nowMs: number,
): Call {
  return {
    ...facts,
    startedAtMs: nowMs,
    step: 'begun',
    tries: 0,
    reason: '',
    mayRecord: false,
    closed: false,
    conference: '',
    onHold: false,
    legs: {},
    told: false,
    dueAtMs: nowMs + forgetAfterMs,
  };
}

/** True when nothing can come of it any more: it has been told, or the caller never got past the menus. */
export function isForgettable({ told, step }: Call): boolean {
  return told || step === 'begun' || step === 'language' || step === 'reason' || step === 'consent';
}

/** How long a call is kept: repeats of its events are known for so long. */
export const forgetAfterMs = 14 * 24 * 60 * 60_000;
/** Longer than any call: the provider ends it after 4 h (https://www.twilio.com/docs/voice/api/call-resource, TimeLimit). */
export const longestMs = 5 * 60 * 60_000;
/** How long the call waits for the recording or its transcript after its end. */
export const materialWithinMs = 10 * 60_000;

export function secondsBetween(fromMs: number | undefined, toMs: number | undefined): number {
  return fromMs === undefined || toMs === undefined ? 0 : Math.max(0, Math.round((toMs - fromMs) / 1000));
}

/** True while an agent speaks with the caller. */
export function hasAgent({ legs }: Pick<Call, 'legs'>): boolean {
  return Object.values(legs).some(({ state }) => state === 'talking');
}
