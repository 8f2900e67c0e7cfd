import type { Channel, ChannelDependencies } from '@tributary/gateway-kit';
import type { PhoneChannelName, TwilioAccount } from './twilio/account.ts';

/** A channel of this service and how it is made of the accounts that have numbers for it. */
export interface ChannelKind {
  readonly channel: PhoneChannelName;
  /** @param accounts Each with the numbers for this channel alone, at least one. */
  create(accounts: readonly TwilioAccount[], dependencies: ChannelDependencies): Channel | Promise<Channel>;
}
