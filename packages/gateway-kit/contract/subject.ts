import type { Channel, ChannelDependencies } from '../src/index.ts';

/** Makes the channel, facing the provider at this address. Exported as `createChannel` by the subject's module. */
export type CreateChannel = (providerUrl: string, ground: ChannelDependencies) => Channel | Promise<Channel>;

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

/** How a provider that calls us signs its calls. Absent for one that we ask or hold a connection to. */
export interface ProviderCalls {
  /**
   * Signed at `atMs`, for our address.
   * @param ourUrl Without a slash at its end.
   */
  message(message: CustomerMessage, ourUrl: string, atMs: number): ProviderRequest;
  /** An event of a kind that nobody knows, rightly signed. */
  unknown(ourUrl: string, atMs: number): ProviderRequest;
  /** True when a signature covers the body (Telegram's secret token, for one, does not). */
  readonly signsBody: boolean;
  /** True when a signature holds for a while only. */
  readonly signsTime: boolean;
}

/** The provider's side: a simulator that speaks its protocol. */
export interface Provider extends AsyncDisposable {
  readonly url: string;
  readonly calls?: ProviderCalls;
  /** The customer writes, at a provider that we ask or hold a connection to. */
  write?(message: CustomerMessage): Promise<void> | void;
  /** Texts the customer has got, oldest first, without what the provider adds. */
  received(): readonly string[];
  /** How many requests to send came, whatever became of them. */
  tries(): number;
  behave(behaviour: Behaviour): void;
}

export interface ChannelSubject {
  /** URL of the module that exports `createChannel`; the process that is killed loads it too. */
  readonly module: string;
  readonly createChannel: CreateChannel;
  startProvider(): Promise<Provider>;
  /** Clock at which the provider and its signatures start. Default: now. */
  readonly startMs?: number;
}
