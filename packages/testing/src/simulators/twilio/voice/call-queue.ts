import { newSid } from '../sid.ts';
import { type Blocked, gather, type Leg, type Next } from './leg.ts';
import type { TwimlElement } from './twiml-document.ts';

/** Verbs that a waiting caller's document may hold (https://www.twilio.com/docs/voice/twiml/enqueue#attributes-waiturl). */
const allowed = new Set(['Say', 'Play', 'Pause', 'Gather', 'Redirect', 'Leave', 'Hangup']);

/** Callers who wait, first come first. */
export class CallQueue {
  readonly sid = newSid('QU');
  readonly #maxSize: number;
  readonly #waiting: Leg[] = [];

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The caller waits from now on; or, when there is no room, goes on with what our side says then. */
  async enter(leg: Leg, { attributes }: TwimlElement, problem: (text: string) => void): Promise<Blocked | Next> {
    const { action = '', waitUrl = '' } = attributes;
    const leave = async (QueueResult: string): Promise<Next> => {
      const facts = { QueueResult, QueueSid: this.sid, QueueTime: '0' };
      const document = action === '' ? undefined : await leg.fetch(action, facts);
      return document === undefined ? 'on' : { document };
    };
    if (this.#waiting.length >= this.#maxSize) return leave('queue-full');
    this.#waiting.push(leg);
    const out = () => {
      const index = this.#waiting.indexOf(leg);
      if (index >= 0) this.#waiting.splice(index, 1);
      return index >= 0;
    };
    let asked: Blocked | undefined;

    /** Follows the document of who waits, until it asks for a key. @returns what comes when they leave the queue. */
    const wait = async (document: readonly TwimlElement[] | undefined): Promise<Next> => {
      asked = undefined;
      for (const verb of document ?? []) {
        if (!this.#waiting.includes(leg)) return 'leave';
        if (!allowed.has(verb.name)) problem(`13240s <${verb.name}> cannot be used while waiting in a queue`);
        leg.hear(verb);
        if (verb.name === 'Redirect') return wait(await leg.fetch(verb.text, this.#factsOf(leg)));
        if (verb.name === 'Leave') return out() ? leave('leave') : 'leave';
        if (verb.name === 'Hangup') {
          out();
          return { document: [verb] };
        }
        if (verb.name === 'Gather') {
          asked = gather(leg, verb);
          return 'leave';
        }
      }
      return 'leave';
    };
    const answer = async (next: Promise<Next> | undefined): Promise<Next> => {
      const after = await next;
      return wait(after === undefined || typeof after === 'string' ? await again() : after.document);
    };
    const again = () => leg.fetch(waitUrl, this.#factsOf(leg));
    const first = await wait(await again());
    if (first !== 'leave') return first;
    return {
      verb: 'Enqueue',
      press: (digit) => answer(asked?.press?.(digit)),
      silence: () => answer(asked?.silence?.()),
      async leave(why) {
        if (out()) await leave(why);
      },
    };
  }

  #factsOf(leg: Leg) {
    const size = String(this.#waiting.length);
    return {
      QueueSid: this.sid,
      QueuePosition: String(this.#waiting.indexOf(leg) + 1),
      CurrentQueueSize: size,
      QueueTime: '0',
      AvgQueueTime: '0',
    };
  }
}
