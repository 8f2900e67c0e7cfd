import type { BlobStore } from '@tributary/blobstore';
import type { DocStore } from '@tributary/docstore';
import type { Channel } from '@tributary/gateway-kit';
import type { Clock, Logger } from '@tributary/runtime';
import type { z } from 'zod';

/** What a channel may use. */
export interface ChannelDependencies {
  readonly blobStore: BlobStore;
  readonly docStore: DocStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our address as providers see it, without a slash at its end; webhooks are at `<publicUrl>/channels/<channel>/…`. */
  readonly publicUrl: string;
}

/** A channel of this service: what one of its accounts is configured with, and how it is made of its accounts. */
export interface ChannelKind<Account = unknown> {
  /** As in `InboundMessage.channel`, and as `channel` in the accounts file. */
  readonly channel: string;
  /** One account, without `channel`. */
  readonly account: z.ZodType<Account>;
  create(accounts: readonly Account[], dependencies: ChannelDependencies): Channel | Promise<Channel>;
}

/** Holds a kind together with the type of its accounts. */
export function channelKind<Account>(kind: ChannelKind<Account>): ChannelKind {
  return kind as unknown as ChannelKind;
}
