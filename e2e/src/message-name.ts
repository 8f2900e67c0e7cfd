import type { Entry } from '@tributary/contracts';

/** Their providers number what customers write, or nothing numbers it, but no customer knows the number. */
const namedByText: ReadonlySet<string> = new Set(['weibo', 'app-store', 'google-play', 'feeds']);

/** By what a customer's message is known on both sides: its provider's id, or the text, which no two have in common here. */
export function nameOf({ channel, providerMessageId, text }: Pick<Entry, 'channel' | 'providerMessageId' | 'text'>) {
  return `${channel} ${namedByText.has(channel) ? text : providerMessageId}`;
}
