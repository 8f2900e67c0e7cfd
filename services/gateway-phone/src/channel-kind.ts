import type { BlobStore } from '@tributary/blobstore';
import type { AgentApi } from '@tributary/contracts';
import type { DocStore } from '@tributary/docstore';
import type { EventLog } from '@tributary/eventlog';
import type { Channel } from '@tributary/gateway-kit';
import type { Clock, Logger } from '@tributary/runtime';
import type { PhoneChannelName, TwilioAccount } from './twilio/account.ts';

/** What a channel may use. */
export interface ChannelDependencies {
  readonly blobStore: BlobStore;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our address as Twilio sees it, without a slash at its end; webhooks are at `<publicUrl>/channels/<channel>/…`. */
  readonly publicUrl: string;
}

/** What calls need beside that. */
export interface CallDependencies extends ChannelDependencies {
  readonly eventLog: EventLog;
  /** The router's agents, who are rung. */
  readonly agents: AgentApi;
  /** File of how calls are taken. Undefined: the one that comes with the service. */
  readonly voicePolicyPath: string | undefined;
}

/** A channel of this service and how it is made of the accounts that have numbers for it. */
export interface ChannelKind {
  readonly channel: PhoneChannelName;
  /** @param accounts Each with the numbers for this channel alone, at least one. */
  create(accounts: readonly TwilioAccount[], dependencies: CallDependencies): Channel | Promise<Channel>;
}
