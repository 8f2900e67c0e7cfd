import type { Entry, Ticket } from './ticket.ts';

/** Most references of one message: the first, which names the conversation, and the latest. */
const maxReferences = 20;

/**
 * Provider's ids of the conversation on the ticket's channel, oldest first, the last one that of the message being answered.
 * @param answers The entry being answered; when it has no id, the latest of a person's that has one.
 */
export function replyReferences(ticket: Pick<Ticket, 'entries' | 'deliveries'>, answers?: Entry): string[] {
  const here = ticket.entries.filter(({ channel }) => channel === undefined);
  const ids = here.flatMap(({ id, kind, providerMessageId }) => {
    const known = kind === 'outbound' ? ticket.deliveries[id]?.providerMessageId : providerMessageId;
    return known === undefined || known === '' ? [] : [known];
  });
  const answered =
    answers?.providerMessageId ??
    here.findLast(
      ({ kind, automatic, providerMessageId }) => kind === 'inbound' && automatic === undefined && providerMessageId,
    )?.providerMessageId;
  const ordered = [...new Set(ids)].filter((id) => id !== answered);
  if (answered !== undefined) ordered.push(answered);
  return ordered.length <= maxReferences
    ? ordered
    : [...ordered.slice(0, 1), ...ordered.slice(ordered.length - maxReferences + 1)];
}
