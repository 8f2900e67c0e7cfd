import type { ChannelKind } from './channel-kind.ts';
import { sms, whatsapp } from './messaging/medium.ts';
import { createMessagingChannel } from './messaging/messaging-channel.ts';
import { voice } from './voice/channel.ts';

/** Every channel this service knows. */
export const channelKinds: readonly ChannelKind[] = [
  { channel: 'sms', create: (accounts, dependencies) => createMessagingChannel(sms, accounts, dependencies) },
  { channel: 'whatsapp', create: (accounts, dependencies) => createMessagingChannel(whatsapp, accounts, dependencies) },
  voice,
];
