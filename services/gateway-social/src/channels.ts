import type { ChannelKind } from './channel-kind.ts';

/** Every channel this service knows. A new one is a folder beside this file and a line here. */
export const channelKinds: readonly ChannelKind[] = [];
