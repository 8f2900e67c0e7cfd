import { Registry, type SimulatedAccount, type SimulatedNumber } from './accounts.ts';
import { type ApiBehaviour, startApiServer } from './api-server.ts';
import { Messaging } from './messaging.ts';
import { type SimulatedVoice, simulateVoice } from './voice/index.ts';

export type { SimulatedAccount, SimulatedNumber } from './accounts.ts';
export type { ApiBehaviour } from './api-server.ts';
export type { DeliveredMessage, SimulatedFile } from './messages.ts';
export type { CustomerText } from './messaging.ts';
export type { Leg, SimulatedVoice } from './voice/index.ts';
export { signedForm } from './webhook-calls.ts';

export interface TwilioSimulatorOptions {
  /** Default: any free port. */
  readonly port?: number;
  readonly accounts: readonly SimulatedAccount[];
  readonly numbers: readonly SimulatedNumber[];
  /** Milliseconds since 1970. Default: the system's. */
  readonly now?: () => number;
  /** Most callers in one queue. Default 1,000, as at Twilio. */
  readonly maxQueueSize?: number;
}

/** A Twilio of this machine alone: its REST API, its webhooks, and the telephones of customers. */
export interface TwilioSimulator extends AsyncDisposable {
  /** Where the REST API is, for `api_url` of an account; the face for customers is below `/simulator/`. */
  readonly url: string;
  /** Adds an account, or changes its token. */
  setAccount(account: SimulatedAccount): void;
  /** Changes what a number's console page holds. */
  configure(number: SimulatedNumber): void;
  /** How the API takes requests from now on. */
  behave(behaviour: ApiBehaviour): void;
  /** How many requests with POST the API got, whatever became of them. */
  readonly posts: number;
  readonly messaging: Messaging;
  /** Telephones: customers who call our numbers, agents who are rung. */
  readonly voice: SimulatedVoice;
}

/** Starts one, with nobody having written yet. */
export async function startTwilioSimulator(options: TwilioSimulatorOptions): Promise<TwilioSimulator> {
  const registry = new Registry();
  for (const account of options.accounts) registry.add(account);
  for (const number of options.numbers) registry.configure(number);
  const messaging = new Messaging(registry, options.now ?? Date.now);
  let url = '';
  const voice = simulateVoice({
    registry,
    url: () => url,
    ...(options.maxQueueSize !== undefined && { maxQueueSize: options.maxQueueSize }),
  });
  const server = await startApiServer({
    port: options.port ?? 0,
    registry,
    api: [...messaging.routes, ...voice.api],
    control: [
      { method: 'GET', path: /\/simulator\/numbers/, handle: () => ({ body: registry.numbers }) },
      ...messaging.control,
      ...voice.control,
    ],
  });
  url = server.url;
  messaging.at(url);
  return {
    url,
    voice,
    setAccount: (account) => registry.add(account),
    configure: (number) => registry.configure(number),
    behave(behaviour) {
      server.behaviour = behaviour;
    },
    get posts() {
      return server.posts;
    },
    messaging,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await messaging.settled();
    },
  };
}
