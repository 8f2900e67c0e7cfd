import type { ChannelKind } from './channel-kind.ts';

/** Every channel this service knows. */
export const channelKinds: readonly ChannelKind[] = [];
