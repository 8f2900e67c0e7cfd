import type { SimulatedAccount } from '../accounts.ts';
import { newSid } from '../sid.ts';
import { callWebhook } from '../webhook-calls.ts';
import { readTwiml, type TwimlElement } from './twiml-document.ts';

/** https://www.twilio.com/docs/voice/api/call-resource#call-status-values */
export type LegStatus = 'ringing' | 'in-progress' | 'completed' | 'busy' | 'no-answer' | 'failed' | 'canceled';
type Parameters = Readonly<Record<string, string>>;

/** What a leg waits for at one verb; ended by a key, by silence, by a hang-up, or from outside. */
export interface Blocked {
  readonly verb: 'Gather' | 'Record' | 'Enqueue' | 'Conference';
  press?(digit: string): Promise<Next>;
  silence?(): Promise<Next>;
  say?(text: string): void;
  /** The leg is taken away: hung up, or given other TwiML. */
  leave(why: 'hangup' | 'redirected'): Promise<void>;
}

/** What comes after a verb: another document, or the verb behind it. */
export type Next = { readonly document: readonly TwimlElement[] } | 'on' | 'leave';

/** What verbs need of everything around the leg. */
export interface LegWorld {
  enter(leg: Leg, dial: TwimlElement): Blocked;
  enqueue(leg: Leg, verb: TwimlElement): Promise<Blocked | Next>;
  keepRecording(leg: Pick<Leg, 'account'>, said: string): { readonly sid: string; readonly url: string };
  problem(text: string): void;
}

/** One telephone in a call: the customer's that called, or one that is rung. */
export class Leg {
  readonly sid = newSid('CA');
  readonly account: SimulatedAccount;
  readonly from: string;
  readonly to: string;
  readonly direction: 'inbound' | 'outbound-api';
  status: LegStatus = 'ringing';
  /** What was said and played, in order; recordings as their address. */
  readonly heard: string[] = [];
  /** What our side was asked and told of it, in order, with the status it answered; 0 for none. */
  readonly requests: { readonly url: string; readonly parameters: Parameters; readonly status: number }[] = [];
  readonly #world: LegWorld;
  readonly #statusCallback: string;
  readonly #url: string;
  readonly #facts: Parameters;
  #blocked: Blocked | undefined;
  /** What is to be done behind the verb at which it waits. */
  #rest: readonly TwimlElement[] = [];

  constructor(world: LegWorld, options: LegOptions) {
    this.#world = world;
    this.account = options.account;
    this.from = options.from;
    this.to = options.to;
    this.direction = options.direction;
    this.#url = options.url;
    this.#statusCallback = options.statusCallback;
    this.#facts = options.facts ?? {};
  }

  /** At which verb it waits. Undefined: at none. */
  get at(): Blocked['verb'] | undefined {
    return this.#blocked?.verb;
  }

  get isLive(): boolean {
    return this.status === 'ringing' || this.status === 'in-progress';
  }

  /** The telephone is picked up; resolves when the leg waits for somebody. */
  async answer(): Promise<void> {
    if (this.status !== 'ringing') throw new Error(`the call is ${this.status}, it does not ring`);
    this.status = 'in-progress';
    await this.#follow(await this.fetch(this.#url));
  }

  /** It is not picked up. */
  async end(status: 'busy' | 'no-answer' | 'failed' | 'canceled'): Promise<void> {
    if (this.status !== 'ringing') throw new Error(`the call is ${this.status}, it does not ring`);
    await this.#over(status);
  }

  async press(digit: string): Promise<void> {
    await this.#resume(this.#blocked?.press?.(digit));
  }

  /** Nothing is pressed or said until the time for it is over. */
  async silence(): Promise<void> {
    await this.#resume(this.#blocked?.silence?.());
  }

  /** Speaks into a recording or a conference. */
  say(text: string): void {
    if (this.#blocked?.say === undefined) throw new Error('nobody listens and nothing is recorded');
    this.#blocked.say(text);
  }

  async hangUp(): Promise<void> {
    if (!this.isLive) return;
    const blocked = this.#blocked;
    const wasRinging = this.status === 'ringing';
    this.#blocked = undefined;
    this.status = wasRinging ? 'canceled' : 'completed';
    await blocked?.leave('hangup');
    await this.#report();
  }

  /** Other TwiML counts from now on (https://www.twilio.com/docs/voice/api/call-resource#update-a-call-resource). */
  async redirect(document: readonly TwimlElement[]): Promise<void> {
    const blocked = this.#blocked;
    this.#blocked = undefined;
    await blocked?.leave('redirected');
    await this.#run(document);
  }

  /** The conference that it was in has ended, or it was put out of it. */
  async leftConference(): Promise<void> {
    if (this.#blocked?.verb !== 'Conference') return;
    this.#blocked = undefined;
    await this.#run(this.#rest);
  }

  /** A document from our side. Undefined when there was none: then the call fails, as with Twilio. */
  async fetch(url: string, parameters: Parameters = {}): Promise<readonly TwimlElement[] | undefined> {
    const outcome = await this.callback(url, parameters);
    if (outcome === undefined || outcome.status >= 400) {
      this.#world.problem(`11200 ${url} answered ${outcome?.status ?? 'nothing'}`);
      return undefined;
    }
    try {
      return readTwiml(outcome.body);
    } catch (error) {
      this.#world.problem(`${(error as Error).message} (${url})`);
      return undefined;
    }
  }

  async callback(url: string, parameters: Parameters = {}) {
    const { sid: CallSid, from: From, to: To, status: CallStatus, direction: Direction } = this;
    const facts = { CallSid, From, To, CallStatus, Direction, ...this.#facts, ...parameters };
    const outcome = await callWebhook(this.account, url, facts);
    this.requests.push({ url, parameters: facts, status: outcome?.status ?? 0 });
    return outcome;
  }

  /** Speaks and plays what stands in an element, as the customer hears it. */
  hear(element: TwimlElement): void {
    if (element.name === 'Say' || element.name === 'Play') this.heard.push(element.text);
  }

  async #resume(next: Promise<Next> | undefined): Promise<void> {
    if (next === undefined) throw new Error(`nothing waits for that, the call is at ${this.at ?? this.status}`);
    const after = await next;
    // Meanwhile somebody may have taken it elsewhere.
    if (!this.isLive) return;
    if (after === 'on') return this.#run(this.#rest);
    if (after !== 'leave') return this.#run(after.document);
  }

  #follow(document: readonly TwimlElement[] | undefined): Promise<void> {
    return document === undefined ? this.#over('failed') : this.#run(document);
  }

  async #run(document: readonly TwimlElement[]): Promise<void> {
    this.#blocked = undefined;
    for (const [index, verb] of document.entries()) {
      if (!this.isLive) return;
      const rest = document.slice(index + 1);
      switch (verb.name) {
        case 'Say':
        case 'Play':
          this.hear(verb);
          continue;
        case 'Pause':
          continue;
        case 'Hangup':
          return this.#over('completed');
        case 'Redirect':
          return this.#follow(await this.fetch(verb.text));
        case 'Gather':
          return this.#block(gather(this, verb), rest);
        case 'Record':
          return this.#block(record(this, verb, this.#world), rest);
        case 'Dial':
          return this.#block(this.#world.enter(this, verb), rest);
        case 'Enqueue': {
          const entered = await this.#world.enqueue(this, verb);
          if (entered === 'on' || entered === 'leave') continue;
          if ('document' in entered) return this.#run(entered.document);
          return this.#block(entered, rest);
        }
        default:
          this.#world.problem(`12200 <${verb.name}> has no place here`);
      }
    }
    // The document's end is the call's.
    await this.#over('completed');
  }

  #block(blocked: Blocked, rest: readonly TwimlElement[]): void {
    this.#rest = rest;
    this.#blocked = blocked;
  }

  async #over(status: LegStatus): Promise<void> {
    if (!this.isLive) return;
    this.#blocked = undefined;
    this.status = status;
    await this.#report();
  }

  async #report(): Promise<void> {
    if (this.#statusCallback !== '') await this.callback(this.#statusCallback);
  }
}

export interface LegOptions {
  readonly account: SimulatedAccount;
  readonly from: string;
  readonly to: string;
  readonly direction: Leg['direction'];
  /** Where its TwiML is. */
  readonly url: string;
  /** Empty: nobody is told of its end. */
  readonly statusCallback: string;
  /** Further parameters of each of its webhooks. */
  readonly facts?: Parameters;
}

/** https://www.twilio.com/docs/voice/twiml/gather: with one digit it ends at once; without any, by its attribute, all the same. */
export function gather(leg: Leg, { attributes, children }: TwimlElement): Blocked {
  for (const child of children) leg.hear(child);
  const { action = '', actionOnEmptyResult = 'false' } = attributes;
  const send = async (Digits: string): Promise<Next> => {
    const document = await leg.fetch(action, { Digits });
    return document === undefined ? 'on' : { document };
  };
  return {
    verb: 'Gather',
    press: send,
    silence: async () => (actionOnEmptyResult === 'true' ? send('') : 'on'),
    leave: async () => {},
  };
}

/** https://www.twilio.com/docs/voice/twiml/record */
function record(leg: Leg, { attributes }: TwimlElement, world: LegWorld): Blocked {
  const { action = '', recordingStatusCallback = '', transcribe, transcribeCallback = '' } = attributes;
  let said = '';
  const finish = async (Digits: string): Promise<Next> => {
    const { sid: RecordingSid, url: RecordingUrl } = world.keepRecording(leg, said);
    // A second for three words, about as people speak.
    const RecordingDuration = String(Math.ceil(said.split(/\s+/).filter(Boolean).length / 3));
    const facts = { RecordingSid, RecordingUrl, RecordingDuration };
    if (recordingStatusCallback !== '') {
      await leg.callback(recordingStatusCallback, { ...facts, RecordingStatus: said === '' ? 'absent' : 'completed' });
    }
    if (transcribe === 'true' && transcribeCallback !== '' && said !== '') {
      const transcript = { TranscriptionStatus: 'completed', TranscriptionText: said };
      await leg.callback(transcribeCallback, { ...facts, ...transcript });
    }
    // Without a word there is nothing to act on: the verb behind it is next.
    if (said === '') return 'on';
    const document = await leg.fetch(action, { ...facts, Digits });
    return document === undefined ? 'on' : { document };
  };
  return {
    verb: 'Record',
    press: finish,
    silence: () => finish(''),
    say(text) {
      said = `${said} ${text}`.trim();
    },
    async leave() {
      await finish('hangup');
    },
  };
}
