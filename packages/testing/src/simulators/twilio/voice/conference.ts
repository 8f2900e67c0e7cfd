import { newSid } from '../sid.ts';
import type { Blocked, Leg, LegWorld } from './leg.ts';
import type { TwimlElement } from './twiml-document.ts';

/** A room in which legs meet (https://www.twilio.com/docs/voice/twiml/conference). It exists from its first participant to its end. */
export class Conference {
  readonly sid = newSid('CF');
  readonly name: string;
  readonly #world: LegWorld;
  readonly #ended: () => void;
  readonly #participants = new Map<Leg, TwimlElement>();
  readonly #onHold = new Set<Leg>();
  /** The first participant that names them decides. */
  #events = '';
  #recorded = '';
  #isRecording = false;
  #said: string[] = [];
  #isStarted = false;
  #sequence = 0;
  /** Its events one after the other. */
  #telling = Promise.resolve();

  constructor(name: string, world: LegWorld, ended: () => void) {
    this.name = name;
    this.#world = world;
    this.#ended = ended;
  }

  get participants(): readonly Leg[] {
    return [...this.#participants.keys()];
  }

  /** True when they hear each other. */
  isTalking(leg: Leg): boolean {
    return this.#isStarted && this.#participants.size > 1 && this.#participants.has(leg) && !this.#onHold.has(leg);
  }

  isOnHold(leg: Leg): boolean {
    return this.#onHold.has(leg);
  }

  enter(leg: Leg, noun: TwimlElement): Blocked {
    const { attributes } = noun;
    const { startConferenceOnEnter = 'true', statusCallback = '', record, recordingStatusCallback = '' } = attributes;
    this.#events ||= statusCallback;
    this.#recorded ||= recordingStatusCallback;
    this.#isRecording ||= record === 'record-from-start';
    this.#participants.set(leg, noun);
    this.#tell(leg, 'participant-join');
    if (!this.#isStarted && startConferenceOnEnter === 'true' && this.#participants.size > 1) {
      this.#isStarted = true;
      this.#tell(leg, 'conference-start');
    }
    return {
      verb: 'Conference',
      say: (text) => {
        if (!this.isTalking(leg)) return;
        this.#said.push(text);
        for (const other of this.#participants.keys()) {
          if (other !== leg && !this.#onHold.has(other)) other.heard.push(text);
        }
      },
      leave: () => this.#leave(leg),
    };
  }

  hold(leg: Leg, on: boolean, music: string): void {
    if (!on) this.#onHold.delete(leg);
    else if (!this.#onHold.has(leg)) {
      this.#onHold.add(leg);
      leg.heard.push(music);
    }
  }

  async #leave(leg: Leg): Promise<void> {
    const noun = this.#participants.get(leg);
    if (noun === undefined) return;
    this.#participants.delete(leg);
    this.#onHold.delete(leg);
    this.#tell(leg, 'participant-leave');
    const ends = noun.attributes.endConferenceOnExit === 'true';
    if (!ends && this.#participants.size > 0) return this.#telling;
    const others = this.participants;
    this.#participants.clear();
    for (const other of others) this.#tell(other, 'participant-leave');
    this.#tell(leg, 'conference-end');
    this.#ended();
    if (this.#isRecording && this.#recorded !== '') this.#tellRecording(leg);
    await this.#telling;
    await Promise.all(others.map((other) => other.leftConference()));
  }

  #tell(leg: Leg, StatusCallbackEvent: string): void {
    if (this.#events === '') return;
    const facts = { ...this.#facts, StatusCallbackEvent, SequenceNumber: String(++this.#sequence) };
    this.#telling = this.#telling.then(async () => {
      await leg.callback(this.#events, facts);
    });
  }

  #tellRecording(leg: Leg): void {
    const said = this.#said.join(' ');
    const { sid: RecordingSid, url: RecordingUrl } = this.#world.keepRecording(leg, said);
    const facts = {
      ...this.#facts,
      RecordingSid,
      RecordingUrl,
      RecordingDuration: String(Math.ceil(said.length / 15)),
      RecordingStatus: this.#isStarted ? 'completed' : 'absent',
    };
    this.#telling = this.#telling.then(async () => {
      await leg.callback(this.#recorded, facts);
    });
  }

  get #facts() {
    return { ConferenceSid: this.sid, FriendlyName: this.name };
  }
}
