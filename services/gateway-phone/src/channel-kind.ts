import type { BlobStore } from '@tributary/blobstore';
import type { DocStore } from '@tributary/docstore';
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

/** A channel of this service and how it is made of the accounts that have numbers for it. */
export interface ChannelKind {
  readonly channel: PhoneChannelName;
  /** @param accounts Each with the numbers for this channel alone, at least one. */
  create(accounts: readonly TwilioAccount[], dependencies: ChannelDependencies): Channel | Promise<Channel>;
}
