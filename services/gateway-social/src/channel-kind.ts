import type { Channel, ChannelDependencies } from '@tributary/gateway-kit';
import type { z } from 'zod';

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
