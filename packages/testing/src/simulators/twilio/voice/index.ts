import type { Registry, SimulatedAccount } from '../accounts.ts';
import { ApiError, type ApiRoute, type ControlRoute } from '../api-server.ts';
import { newSid } from '../sid.ts';
import { CallQueue } from './call-queue.ts';
import { Conference } from './conference.ts';
import { Leg, type LegWorld } from './leg.ts';
import { readTwiml, type TwimlElement } from './twiml-document.ts';

export type { Leg } from './leg.ts';

/** What a request of the simulator's own may hold, as JSON. */
interface ControlBody {
  readonly from: string;
  readonly to: string;
  readonly digit: string;
  readonly text: string;
}

export interface VoiceOptions {
  readonly registry: Registry;
  /** The simulator's own address, once it is known. */
  url(): string;
  /** Most callers in one queue (https://www.twilio.com/docs/voice/api/queue-resource, MaxSize). */
  readonly maxQueueSize?: number;
}

/** The telephones around our numbers. */
export interface SimulatedVoice {
  /** Calls one of our numbers; resolves when the caller is asked something, or waits. @param facts Such as FromCountry. */
  call(from: string, to: string, facts?: Readonly<Record<string, string>>): Promise<Leg>;
  /** Telephones that our side rings at an address, the latest last. */
  ringing(address?: string): readonly Leg[];
  /** Every leg, the latest last. */
  readonly legs: readonly Leg[];
  conferenceOf(leg: Leg): Conference | undefined;
  /** Keeps a recording as those of calls are kept. @returns its `RecordingUrl`. */
  keepRecording(account: SimulatedAccount, said: string): string;
  /** What our side did wrong, as Twilio's debugger would say. */
  readonly problems: readonly string[];
  /** Resolves when everything that was asked for is done. */
  settled(): Promise<void>;
  readonly api: readonly ApiRoute[];
  readonly control: readonly ControlRoute[];
}

export function simulateVoice({ registry, url, maxQueueSize = 1000 }: VoiceOptions): SimulatedVoice {
  const legs: Leg[] = [];
  const queues = new Map<string, CallQueue>();
  const conferences = new Map<string, Conference>();
  const recordings = new Map<string, Buffer>();
  const problems: string[] = [];
  const underWay = new Set<Promise<void>>();

  /** Twilio answers a request before it does what was asked. */
  const later = (work: () => Promise<void>) => {
    const done: Promise<void> = new Promise<void>((resolve) => setImmediate(resolve))
      .then(work)
      .catch((error: unknown) => void problems.push((error as Error).message))
      .finally(() => underWay.delete(done));
    underWay.add(done);
  };

  const world: LegWorld = {
    enter(leg, dial) {
      const noun = dial.children.find(({ name }) => name === 'Conference');
      if (noun === undefined) throw new Error('only <Conference> can be dialled here');
      const key = `${leg.account.accountSid} ${noun.text}`;
      let conference = conferences.get(key);
      if (conference === undefined) {
        conference = new Conference(noun.text, world, () => conferences.delete(key));
        conferences.set(key, conference);
      }
      return conference.enter(leg, noun);
    },
    enqueue(leg, verb) {
      const key = `${leg.account.accountSid} ${verb.text}`;
      const queue = queues.get(key) ?? new CallQueue(maxQueueSize);
      queues.set(key, queue);
      return queue.enter(leg, verb, world.problem);
    },
    keepRecording({ account }, said) {
      const sid = newSid('RE');
      recordings.set(sid, Buffer.from(`simulated recording: ${said}`));
      return { sid, url: `${url()}/2010-04-01/Accounts/${account.accountSid}/Recordings/${sid}` };
    },
    problem: (text) => void problems.push(text),
  };

  const find = (sid: string): Leg => {
    const leg = legs.find((each) => each.sid === sid);
    if (leg === undefined) throw new ApiError(404, 20404, `The requested resource ${sid} was not found`);
    return leg;
  };

  const voice = {
    legs,
    problems,
    async call(from: string, to: string, facts: Readonly<Record<string, string>> = {}): Promise<Leg> {
      const { account, number } = registry.owner(to);
      if (number.voiceUrl === undefined) throw new Error(`nothing is configured for calls to ${to}`);
      const leg = new Leg(world, {
        ...{ account, from, to, facts, direction: 'inbound', url: number.voiceUrl },
        statusCallback: number.voiceStatusUrl ?? '',
      });
      legs.push(leg);
      await leg.answer();
      return leg;
    },
    ringing: (address?: string) =>
      legs.filter(
        ({ status, direction, to }) =>
          status === 'ringing' && direction === 'outbound-api' && (address === undefined || to === address),
      ),
    keepRecording: (account: SimulatedAccount, said: string) => world.keepRecording({ account }, said).url,
    conferenceOf: (leg: Leg) => [...conferences.values()].find(({ participants }) => participants.includes(leg)),
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
  return { ...voice, api: apiRoutes(), control: controlRoutes() };

  function apiRoutes(): ApiRoute[] {
    const base = '/2010-04-01/Accounts/(?<account>AC[0-9a-fA-F]{32})';
    return [
      {
        method: 'POST',
        path: new RegExp(`${base}/Calls\\.json`),
        handle({ form }, account) {
          const leg = ring(form, account);
          return { status: 201, body: resource(leg) };
        },
      },
      {
        method: 'POST',
        path: new RegExp(`${base}/Calls/(?<sid>CA[0-9a-f]{32})\\.json`),
        handle({ path, form }) {
          const leg = find(path.sid ?? '');
          if (!leg.isLive) throw new ApiError(400, 21220, 'Call is not in-progress. Cannot redirect.');
          if (form.has('Status')) later(() => leg.hangUp());
          else {
            const document: readonly TwimlElement[] = readTwiml(form.get('Twiml') ?? '');
            if (leg.status !== 'in-progress') {
              throw new ApiError(400, 21220, 'Call is not in-progress. Cannot redirect.');
            }
            later(() => leg.redirect(document));
          }
          return { body: resource(leg) };
        },
      },
      {
        method: 'POST',
        path: new RegExp(
          `${base}/Conferences/(?<conference>CF[0-9a-f]{32})/Participants/(?<sid>CA[0-9a-f]{32})\\.json`,
        ),
        handle({ path, form }) {
          const leg = find(path.sid ?? '');
          const conference = voice.conferenceOf(leg);
          if (conference?.sid !== path.conference) throw new ApiError(404, 20404, 'The participant was not found');
          conference?.hold(leg, form.get('Hold') === 'true', form.get('HoldUrl') ?? '');
          return { body: { call_sid: leg.sid, conference_sid: path.conference, hold: form.get('Hold') === 'true' } };
        },
      },
      {
        method: 'GET',
        path: new RegExp(`${base}/Recordings/(?<sid>RE[0-9a-f]{32})\\.mp3`),
        handle({ path }) {
          const audio = recordings.get(path.sid ?? '');
          if (audio === undefined) throw new ApiError(404, 20404, 'The recording was not found');
          return { headers: { 'content-type': 'audio/mpeg' }, body: audio };
        },
      },
    ];
  }

  function ring(form: URLSearchParams, account: SimulatedAccount): Leg {
    const to = form.get('To') ?? '';
    const from = form.get('From') ?? '';
    const owned = registry.numbers.some(
      ({ number, accountSid }) => number === from && accountSid === account.accountSid,
    );
    if (!owned) throw new ApiError(400, 21210, `The source phone number ${from} is not yet verified for your account`);
    if (!/^(?:\+[1-9]\d{6,14}|sip:.+@.+|client:.+)$/.test(to)) {
      throw new ApiError(400, 21211, `The 'To' number ${to} is not a valid phone number`);
    }
    const leg = new Leg(world, {
      ...{ account, from, to, direction: 'outbound-api', url: form.get('Url') ?? '' },
      statusCallback: form.get('StatusCallback') ?? '',
    });
    legs.push(leg);
    return leg;
  }

  /** What whoever plays customer and agents may do, over HTTP. */
  function controlRoutes(): ControlRoute[] {
    const shown = (leg: Leg) => ({ ...resource(leg), at: leg.at ?? '', heard: leg.heard });
    const act = (name: string, action: (leg: Leg, said: Partial<ControlBody>) => unknown): ControlRoute => ({
      method: 'POST',
      path: new RegExp(`/simulator/calls/(?<sid>CA[0-9a-f]{32})/${name}`),
      async handle({ path, body }) {
        const leg = find(path.sid ?? '');
        await action(leg, body.length === 0 ? {} : (JSON.parse(body.toString()) as Partial<ControlBody>));
        await voice.settled();
        return { body: shown(leg) };
      },
    });
    return [
      { method: 'GET', path: /\/simulator\/calls/, handle: () => ({ body: legs.map(shown) }) },
      {
        method: 'GET',
        path: /\/simulator\/calls\/(?<sid>CA[0-9a-f]{32})/,
        handle: ({ path }) => ({ body: shown(find(path.sid ?? '')) }),
      },
      {
        method: 'POST',
        path: /\/simulator\/calls/,
        async handle({ body }) {
          const { from = '', to = '' } = JSON.parse(body.toString()) as Partial<ControlBody>;
          const leg = await voice.call(from, to);
          await voice.settled();
          return { status: 201, body: shown(leg) };
        },
      },
      act('press', (leg, { digit = '' }) => leg.press(digit)),
      act('silence', (leg) => leg.silence()),
      act('say', (leg, { text = '' }) => leg.say(text)),
      act('answer', (leg) => leg.answer()),
      act('busy', (leg) => leg.end('busy')),
      act('hangup', (leg) => leg.hangUp()),
    ];
  }
}

/** https://www.twilio.com/docs/voice/api/call-resource#call-properties, as far as it is looked at. */
function resource({ sid, account, from, to, status, direction }: Leg) {
  return { sid, account_sid: account.accountSid, from, to, status, direction };
}
