import { type ChannelCapabilities, decodeEvent, MalformedEventError, topics } from '@tributary/contracts';
import type { TailOptions } from '@tributary/eventlog';
import { visibility } from '../contracts/enums.ts';
import type { ChannelLimits } from '../domain/channel-limits.ts';

/** Follows what gateways declare of their channels, from the beginning: the latest of each channel counts. */
export function followChannels(declare: (channel: string, limits: ChannelLimits) => void): TailOptions {
  return {
    topics: [topics.channels.name],
    from: 'start',
    handle(record) {
      try {
        const { channel, capabilities } = decodeEvent(topics.channels, record);
        if (capabilities !== undefined) declare(channel, limitsOf(capabilities));
      } catch (error) {
        // Nobody's message: without it the channel has no limits that are known.
        if (!(error instanceof MalformedEventError)) throw error;
      }
    },
  };
}

function limitsOf(declared: ChannelCapabilities): ChannelLimits {
  return {
    maxTextLength: declared.maxTextLength,
    maxPublicTextLength: declared.maxPublicTextLength,
    splitsText: declared.splitsText,
    media: declared.media.map(({ mediaType, maxBytes }) => ({ mediaType, maxBytes: Number(maxBytes) })),
    maxAttachments: declared.maxAttachments,
    replyVisibilities: declared.replyVisibilities.flatMap((value) => visibility.word(value) ?? []),
    replyWindowMs: Number(declared.replyWindowSeconds) * 1000,
    calls: declared.calls,
    listensOnly: declared.listensOnly,
  };
}
