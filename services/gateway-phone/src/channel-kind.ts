import type { AgentApi } from '@tributary/contracts';
import type { EventLog } from '@tributary/eventlog';
import type { Channel, ChannelDependencies } from '@tributary/gateway-kit';
import type { PhoneChannelName, TwilioAccount } from './twilio/account.ts';

/** What a channel of this service is given; calls need more than the rest. */
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
