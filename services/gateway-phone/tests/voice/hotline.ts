import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import {
  Agent,
  type AgentApi,
  allTopics,
  type Delivery,
  decodeEvent,
  encodeEvent,
  type InboundMessage,
  Offer,
  OfferState,
  OutboundMessage,
  type Signal,
  StatusError,
  topics,
} from '@tributary/contracts';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { createHttpServer, createLogger } from '@tributary/runtime';
import { ManualClock, until } from '@tributary/testing';
import { type Leg, startTwilioSimulator, type TwilioSimulator } from '@tributary/testing/simulators/twilio';
import { createPhoneGateway, readPhoneConfig } from '../../src/service.ts';

export const hotlineNumber = '+4930100200';
export const twilioAccount = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'secret-of-the-hotline' };

export interface HotlineOptions {
  /** Default: the one that comes with the service. */
  readonly voicePolicy?: string;
  readonly maxQueueSize?: number;
}

/** The router's agents as the gateway sees them. */
class FakeAgents {
  readonly accepted: string[] = [];
  readonly declined: { readonly offerId: string; readonly reason: string }[] = [];
  readonly addresses = new Map([['grace', 'tel:+4930111']]);
  /** Offers that have ended otherwise. */
  readonly over = new Set<string>();
  isDown = false;

  get api(): AgentApi {
    const answer = (id: string) => {
      if (this.isDown) throw new StatusError(status.UNAVAILABLE, 'the router is away');
      if (this.over.has(id)) throw new StatusError(status.FAILED_PRECONDITION, 'the offer has ended');
      return Offer.fromPartial({ id });
    };
    return {
      acceptOffer: async ({ offerId }: { offerId: string }) => {
        const offer = answer(offerId);
        this.accepted.push(offerId);
        return offer;
      },
      declineOffer: async ({ offerId, reason }: { offerId: string; reason: string }) => {
        const offer = answer(offerId);
        this.declined.push({ offerId, reason });
        return offer;
      },
      getAgent: async ({ id }: { id: string }) => {
        const callAddress = this.addresses.get(id);
        if (callAddress === undefined) throw new StatusError(status.NOT_FOUND, `there is no agent ${id}`);
        return Agent.fromPartial({ id, callAddress });
      },
    } as unknown as AgentApi;
  }
}

/** A hotline on a simulated Twilio, behind a proxy that takes a prefix off every path. */
export class Hotline implements AsyncDisposable {
  readonly agents = new FakeAgents();
  readonly clock = new ManualClock('2026-05-01T08:00:00Z');
  readonly messages: InboundMessage[] = [];
  readonly signals: Signal[] = [];
  readonly deliveries: Delivery[] = [];
  readonly #stack = new AsyncDisposableStack();
  #offers = 0;
  #callers = 0;
  twilio!: TwilioSimulator;
  publicUrl = '';
  /** Where the service really listens. */
  localUrl = '';
  /** Whether the worker has taken it on and is not done. */
  isBeingTold!: (caller: Leg) => Promise<boolean>;
  readBlob!: (key: string) => Promise<string>;
  #append!: (record: ReturnType<typeof encodeEvent>) => Promise<void>;

  static async open(options: HotlineOptions = {}): Promise<Hotline> {
    const hotline = new Hotline();
    await hotline.#start(options);
    return hotline;
  }

  async #start({ voicePolicy, maxQueueSize }: HotlineOptions): Promise<void> {
    const stack = this.#stack;
    const folder = await mkdtemp(join(tmpdir(), 'hotline-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const eventLog = stack.use(await openEmbeddedLog({ folder: ':memory:' }));
    const docStore = stack.use(await openEmbeddedStore({ folder: ':memory:' }));
    const blobStore = stack.use(await openDirectoryStore({ folder }));
    await eventLog.applyTopics(allTopics);

    const proxy = createServer((incoming, outgoing) => {
      const { method = '', headers, url = '' } = incoming;
      const target = new URL(this.localUrl);
      const options = { host: target.hostname, port: target.port, method, headers, path: url.replace(/^\/edge/, '') };
      const forwarded = httpRequest(options, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      });
      forwarded.on('error', () => outgoing.destroy());
      incoming.pipe(forwarded);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    stack.defer(async () => {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    });
    this.publicUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/edge`;

    const voice = `${this.publicUrl}/channels/phone/voice`;
    const number = { accountSid: twilioAccount.accountSid, number: hotlineNumber };
    this.twilio = stack.use(
      await startTwilioSimulator({
        accounts: [twilioAccount],
        numbers: [{ ...number, voiceUrl: `${voice}/call`, voiceStatusUrl: `${voice}/status` }],
        ...(maxQueueSize !== undefined && { maxQueueSize }),
      }),
    );
    const account = {
      account_sid: twilioAccount.accountSid,
      auth_token: twilioAccount.authToken,
      api_url: this.twilio.url,
      numbers: [{ number: hotlineNumber, channels: ['phone'] }],
    };
    const gateway = await createPhoneGateway({
      config: readPhoneConfig({
        TWILIO_ACCOUNTS: JSON.stringify([account]),
        PUBLIC_URL: this.publicUrl,
        ...(voicePolicy !== undefined && { VOICE_POLICY: voicePolicy }),
      }),
      ...{ eventLog, docStore, blobStore, clock: this.clock, agents: this.agents.api },
      logger: createLogger('gateway-phone', 'silent'),
    });
    const tail = await eventLog.tail({
      topics: [topics.inbound.name, topics.signals.name, topics.delivery.name],
      from: 'start',
      handle: (record) => {
        if (record.topic === topics.inbound.name) this.messages.push(decodeEvent(topics.inbound, record));
        else if (record.topic === topics.signals.name) this.signals.push(decodeEvent(topics.signals, record));
        else this.deliveries.push(decodeEvent(topics.delivery, record));
      },
    });
    stack.defer(() => tail.stop());
    const stored = await docStore.collection<{ _id: string; leaseUntilMs?: number }>('phone_calls');
    this.isBeingTold = async ({ sid }) => (await stored.findOne({ _id: sid }))?.leaseUntilMs !== undefined;
    await gateway.start();
    stack.defer(() => gateway.stop());
    const server = createHttpServer({
      ...{ plugins: [gateway.http], host: '127.0.0.1', port: 0, problems: () => gateway.problems() },
      logger: createLogger('http', 'silent'),
    });
    await server.start();
    stack.defer(() => server.stop());
    this.localUrl = `http://127.0.0.1:${server.port}`;
    this.#append = (record) => eventLog.append([record]);
    this.readBlob = async (key) => {
      const content = await blobStore.get(key);
      return content === undefined ? '' : Buffer.concat(await content.toArray()).toString();
    };
  }

  /** Calls and answers the questions with these keys. */
  async call(from = '+491701234567', ...keys: readonly string[]): Promise<Leg> {
    const caller = await this.twilio.voice.call(from, hotlineNumber, { FromCountry: 'DE' });
    for (const key of keys) await caller.press(key);
    return caller;
  }

  /** Somebody new calls in English about a broken device, agrees to be recorded, and waits. */
  waiting(from = `+4917000000${++this.#callers + 10}`): Promise<Leg> {
    return this.call(from, '1', '1', '1');
  }

  /** The messages of a call, when there are at least so many. */
  told(caller: Leg, atLeast: number): Promise<InboundMessage[]> {
    return until(`${atLeast} messages of ${caller.sid}`, async () => {
      await this.twilio.voice.settled();
      const found = new Map(
        this.messages
          .filter(({ conversationKey }) => conversationKey === `phone:${caller.sid}`)
          .map((message) => [message.id, message]),
      );
      return found.size >= atLeast && [...found.values()];
    });
  }

  /** The router offers a call to an agent; resolves when their telephone rings. */
  async offer(caller: Leg, fields: Partial<Offer> = {}): Promise<{ readonly offer: Offer; readonly phone: Leg }> {
    const before = this.twilio.voice.legs.length;
    const offer = await this.publishOffer(caller, fields);
    const phone = await until('the agent to be rung', () => this.twilio.voice.legs.slice(before).at(-1), {
      timeoutMs: 3000,
    });
    return { offer, phone };
  }

  async publishOffer(caller: Leg, fields: Partial<Offer> = {}): Promise<Offer> {
    const now = this.clock.now();
    const offer = Offer.fromPartial({
      id: `offer-${++this.#offers}`,
      ticketId: `ticket of ${caller.sid}`,
      agentId: 'grace',
      agentCallAddress: 'tel:+4930111',
      channel: 'phone',
      account: hotlineNumber,
      conversationKey: `phone:${caller.sid}`,
      state: OfferState.OFFER_STATE_PENDING,
      madeTime: new Date(now),
      expiresTime: new Date(now + 30_000),
      ...fields,
    });
    await this.#append(encodeEvent(topics.offers, offer, 'test'));
    return offer;
  }

  /** A ticket asks for a call. */
  async send(fields: Partial<OutboundMessage>): Promise<void> {
    const message = OutboundMessage.fromPartial({
      channel: 'phone',
      account: hotlineNumber,
      conversationKey: 'mail:1',
      ticketId: 'ticket-1',
      createdTime: new Date(this.clock.now()),
      ...fields,
    });
    await this.#append(encodeEvent(topics.outbound, message, 'test'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
