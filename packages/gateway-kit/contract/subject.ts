import type { EventLog } from '@tributary/eventlog';
import type { Channel, ChannelDependencies } from '../src/index.ts';

/** What a channel is made from here. */
export type Ground = ChannelDependencies & { readonly eventLog: EventLog };

/** Makes the channel, facing the provider at this address. Exported as `createChannel` by the subject's module. */
export type CreateChannel = (providerUrl: string, ground: Ground) => Channel | Promise<Channel>;

/** How the provider takes what we send: properly; not at all (5xx); with its 429; or by accepting and never answering. */
export type Behaviour = 'well' | 'down' | 'busy' | 'silent';

/** One message of a customer. The same id is the same message to the provider. */
export interface CustomerMessage {
  readonly id: string;
  readonly conversation: string;
  readonly text: string;
}

/** A request as the provider makes it; the path begins with `/channels/`. */
export interface ProviderRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** How a provider that calls us by HTTP makes its calls. Absent for one that we ask, or that speaks another protocol. */
export interface ProviderCalls {
  /**
   * Signed at `atMs`, for our address.
   * @param ourUrl Without a slash at its end.
   */
  message(message: CustomerMessage, ourUrl: string, atMs: number): ProviderRequest;
  /** An event of a kind that nobody knows, rightly signed. */
  unknown(ourUrl: string, atMs: number): ProviderRequest;
}

/** The provider's side: a simulator that speaks its protocol. */
export interface Provider extends AsyncDisposable {
  readonly url: string;
  readonly calls?: ProviderCalls;
  /**
   * Where nobody calls us by HTTP, or one message takes several calls: the customer writes, at a provider that we ask or to
   * ourselves. The same id again is a repeat, as the protocol has it.
   * @returns false when we said to come again.
   */
  write?(message: CustomerMessage, ourUrl: string): boolean | Promise<boolean>;
  /** The same, breaking off in the middle. */
  breakOff?(message: CustomerMessage, ourUrl: string): Promise<void>;
  /** The same with more than 50 MB. @returns how we refused it. */
  writeTooMuch?(ourUrl: string): Promise<string>;
  /** Texts the customer has got, oldest first, without what the provider adds. */
  received(): readonly string[];
  /** How many requests to send came, whatever became of them. */
  tries(): number;
  behave(behaviour: Behaviour): void;
}

/** The promises that not every provider's protocol gives an occasion for. */
export type SpecialPromise =
  | 'repeats'
  | 'one conversation'
  | 'signature'
  | 'signed body'
  | 'signed time'
  | 'broken-off message'
  | 'size limit'
  | 'unknown kinds'
  | 'storm of refusals';

export interface ChannelSubject {
  /** URL of the module that exports `createChannel`; the process that is killed loads it too. */
  readonly module: string;
  readonly createChannel: CreateChannel;
  startProvider(): Promise<Provider>;
  /** What has no meaning on this channel, and why: shown with the test that is skipped. */
  readonly without?: Readonly<Partial<Record<SpecialPromise, string>>>;
  /** Clock at which the provider and its signatures start. Default: now. */
  readonly startMs?: number;
}
