import { allFields, firstField, type HeaderFields } from './header-block.ts';

/** More references than these are not passed on: the root and the newest say enough. */
const maxReferences = 30;
/** RFC 5322 limits a line to 998 characters; longer ids are not ids. */
const maxIdLength = 900;

/** The message ids in a header value, without angle brackets, in their order, without repeats. */
export function messageIds(value: string): string[] {
  const bracketed = [...value.matchAll(/<([^<>]+)>/g)].map((match) => match[1] ?? '');
  const found = bracketed.length > 0 ? bracketed : value.split(/[\s,]+/);
  const ids = found.map((id) => id.replace(/[\s<>]+/g, '')).filter((id) => id !== '' && id.length <= maxIdLength);
  return [...new Set(ids)];
}

/** What a mail says of its place among others. */
export interface ThreadPlace {
  /** Its own id; empty when it has none. */
  readonly messageId: string;
  /** Ids of earlier mails, oldest first; the last one is being answered. */
  readonly references: readonly string[];
}

/** Reads Message-ID, References and In-Reply-To. The mail being answered comes last, the root first. */
export function threadPlace(fields: HeaderFields): ThreadPlace {
  const [messageId = ''] = messageIds(firstField(fields, 'message-id') ?? '');
  const answered = allFields(fields, 'in-reply-to').flatMap(messageIds);
  const earlier = allFields(fields, 'references').flatMap(messageIds);
  const references = [...new Set([...earlier.filter((id) => !answered.includes(id) || id === earlier[0]), ...answered])]
    // A mail that names itself as its ancestor would be its own thread for ever.
    .filter((id) => id !== messageId);
  return { messageId, references: shortened(references) };
}

/** The first mail of the conversation, as far as this one knows; undefined when it knows none and has no id itself. */
export function rootOf({ messageId, references }: ThreadPlace): string | undefined {
  return references[0] ?? (messageId === '' ? undefined : messageId);
}

/** The root and the newest. */
export function shortened(references: readonly string[]): string[] {
  const [root] = references;
  if (root === undefined || references.length <= maxReferences) return [...references];
  return [root, ...references.slice(1 - maxReferences)];
}

/** The id a mail of ours carries: the same for every try. Bounces and answers name it. */
export function messageIdOf(outboundMessageId: string, domain: string): string {
  return `out.${outboundMessageId}@${domain}`;
}

/** The outbound message that a message id of ours names, or undefined when it is not of ours. */
export function outboundIdOf(messageId: string, ourDomains: readonly string[]): string | undefined {
  const match = /^out\.([^@\s]+)@([^@\s]+)$/i.exec(messageId);
  return match?.[2] !== undefined && ourDomains.includes(match[2].toLowerCase()) ? match[1] : undefined;
}

/** Whether a mail answers another: it says which, or its subject says that it does. */
export function isAnswer({ references }: ThreadPlace, subject: string): boolean {
  return references.length > 0 || /^\s*(?:re|aw|antw|sv|rv|回复|回覆|答复|答覆)\s*(?:\[\d+\])?\s*[:：]/i.test(subject);
}
