/**
 * What the provider is to do with a call, as the verbs of TwiML that are used here
 * (https://www.twilio.com/docs/voice/twiml). Addresses are paths below our voice webhooks.
 */
export type Verb =
  | Spoken
  /** One digit; `action` is called whether one came or not. */
  | {
      readonly verb: 'gather';
      readonly action: string;
      readonly timeoutSeconds: number;
      readonly content: readonly Spoken[];
    }
  | { readonly verb: 'enqueue'; readonly queue: string; readonly action: string; readonly waitUrl: string }
  | { readonly verb: 'leave' }
  | Conference
  | {
      readonly verb: 'record';
      readonly action: string;
      readonly recorded: string;
      readonly maxSeconds: number;
      /** Called with the transcript. Absent: none is made. */
      readonly transcribed?: string;
    }
  | { readonly verb: 'redirect'; readonly to: string }
  | { readonly verb: 'hangup' };

export type Spoken =
  | { readonly verb: 'say'; readonly text: string; readonly language: string; readonly voice?: string | undefined }
  | { readonly verb: 'play'; readonly url: string };

export interface Conference {
  readonly verb: 'conference';
  readonly name: string;
  /** When this one leaves everybody does. */
  readonly endsConference: boolean;
  /** Called when somebody comes or goes. */
  readonly events: string;
  /** Called with the recording. Absent: nothing is recorded. */
  readonly recorded?: string;
  /** What is heard while nobody else is there. */
  readonly music: string;
}
