import { durationInWords } from './acknowledgement.ts';
import type { Attachment, Visibility } from './ticket.ts';

/** What a channel can carry towards the customer, as its gateway declares it. 0 stands for no limit. */
export interface ChannelLimits {
  /** UTF-16 code units. */
  readonly maxTextLength: number;
  /** Of a public text. 0: as `maxTextLength`. */
  readonly maxPublicTextLength: number;
  /** Longer texts go out as several messages. */
  readonly splitsText: boolean;
  /** The first rule whose media type (or group, such as `image/*`) fits counts. Empty: no files at all. */
  readonly media: readonly { readonly mediaType: string; readonly maxBytes: number }[];
  readonly maxAttachments: number;
  /** Empty: only private. */
  readonly replyVisibilities: readonly Visibility[];
  /** How long after the customer's latest message they can be written to privately. */
  readonly replyWindowMs: number;
  /** The customer can be called by it. */
  readonly calls: boolean;
  /** Nobody is answered by it. */
  readonly listensOnly: boolean;
}

export interface WrittenReply {
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly visibility: Visibility;
}

/**
 * Why the channel cannot carry a reply, in words for the agent; undefined when it can.
 * @param customerWroteAtMs Their latest message. Undefined when they never wrote.
 */
export function whyNotCarried(
  { text, attachments, visibility }: WrittenReply,
  channel: string,
  limits: ChannelLimits,
  { nowMs, customerWroteAtMs }: { readonly nowMs: number; readonly customerWroteAtMs: number | undefined },
): string | undefined {
  const { splitsText, media, maxAttachments, replyVisibilities, replyWindowMs } = limits;
  if (limits.listensOnly) return `${channel} is only listened to and carries no replies`;
  const visibilities = replyVisibilities.length === 0 ? ['private'] : replyVisibilities;
  if (!visibilities.includes(visibility)) return `${channel} carries only ${visibilities.join(' and ')} replies`;
  const maxTextLength = (visibility === 'public' && limits.maxPublicTextLength) || limits.maxTextLength;
  if (maxTextLength > 0 && text.length > maxTextLength && !splitsText) {
    return `${channel} carries at most ${maxTextLength} characters, the text has ${text.length}`;
  }
  if (maxAttachments > 0 && attachments.length > maxAttachments) {
    return `${channel} carries at most ${maxAttachments} files a message, the reply has ${attachments.length}`;
  }
  for (const { name, blob } of attachments) {
    const file = name || blob.mediaType;
    const rule = media.find(({ mediaType }) => fits(blob.mediaType, mediaType));
    if (rule === undefined) return `${channel} does not carry ${blob.mediaType} (${file})`;
    if (rule.maxBytes > 0 && blob.size > rule.maxBytes) {
      return `${channel} carries at most ${rule.maxBytes} bytes of ${blob.mediaType}, ${file} has ${blob.size}`;
    }
  }
  if (
    visibility === 'private' &&
    replyWindowMs > 0 &&
    (customerWroteAtMs === undefined || nowMs - customerWroteAtMs > replyWindowMs)
  ) {
    return `${channel} carries replies only within ${durationInWords(replyWindowMs, 'en')} after the customer wrote`;
  }
  return undefined;
}

function fits(mediaType: string, rule: string): boolean {
  return rule === '*/*' || rule === mediaType || (rule.endsWith('/*') && mediaType.startsWith(rule.slice(0, -1)));
}
