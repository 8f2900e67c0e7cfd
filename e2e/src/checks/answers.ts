import { type Delivery, DeliveryStatus, EntryKind, type OutboundMessage, OutboundPurpose } from '@tributary/contracts';
import type { Check, History, Violation } from '../history.ts';

/** Who calls has heard us, and a review or a post was not written to us. On Weibo only complaints are answered in public. */
const unacknowledged: ReadonlySet<string> = new Set(['phone', 'app-store', 'google-play', 'feeds']);

/** What an agent said, and that we have the message, leaves the ticket exactly once. */
export const checkAnswersLeave: Check = ({ commands, tickets, ticketEvents, outbound }) => {
  const violations: Violation[] = [];
  const published = Map.groupBy(distinct(outbound), ({ ticketId }) => ticketId);
  const repliesByCommand = Map.groupBy(
    distinct(ticketEvents).filter(({ change }) => change?.$case === 'replyAdded'),
    ({ commandId }) => commandId,
  );
  for (const { commandId, kind, ticketId, text, result } of commands) {
    if (kind !== 'reply') continue;
    const made = tickets.flatMap(({ entries }) => entries).filter((entry) => entry.text.includes(text)).length;
    const events = repliesByCommand.get(commandId)?.length ?? 0;
    const wanted = result === 'accepted' ? [1] : result === 'refused' ? [0] : [0, 1];
    if (!wanted.includes(made) || !wanted.includes(events)) {
      violations.push({
        promise: 'a reply is made once, or refused',
        detail: `${commandId} (${result}) on ticket ${ticketId} made ${made} entries and ${events} events`,
      });
    }
  }
  for (const { id, number, channel, entries } of tickets) {
    const entryIds = new Set(
      entries.filter(({ kind }) => kind === EntryKind.ENTRY_KIND_OUTBOUND).map((entry) => entry.id),
    );
    const messages = published.get(id) ?? [];
    const messageIds = new Set(messages.map((message) => message.id));
    for (const entryId of missing(entryIds, messageIds)) {
      violations.push({
        promise: 'an answer leaves',
        detail: `entry ${entryId} of ${number} (${id}) was never published`,
      });
    }
    for (const messageId of missing(messageIds, entryIds)) {
      violations.push({
        promise: 'only answers leave',
        detail: `outbound message ${messageId} of ${number} (${id}) is no entry of the ticket`,
      });
    }
    const acknowledgements = messages.filter(
      ({ purpose }) => purpose === OutboundPurpose.OUTBOUND_PURPOSE_ACKNOWLEDGEMENT,
    );
    const most = unacknowledged.has(channel) ? 0 : 1;
    const least = channel === 'weibo' ? 0 : most;
    if (acknowledgements.length < least || acknowledgements.length > most) {
      violations.push({
        promise: most === 0 ? 'nobody is told what they need not be told' : 'a ticket is acknowledged once',
        detail: `${number} (${id}) was acknowledged ${acknowledgements.length} times: ${idsOf(acknowledgements)}`,
      });
    }
  }
  return violations;
};

/** Every mail to a customer arrives exactly once and in order, or is marked uncertain and arrives at most once. */
export const checkMailsArrive: Check = ({ outbound, deliveries, mails }) => {
  const violations: Violation[] = [];
  const outcomes = outcomesOf(deliveries);
  const arrived = Map.groupBy(mails, ({ messageId }) => outboundIdOf(messageId));
  const arrivedAt = new Map(mails.map(({ messageId }, index) => [outboundIdOf(messageId), index]));
  const sent = distinct(outbound).filter(({ channel }) => channel === 'email');
  for (const message of sent) {
    const copies = arrived.get(message.id)?.length ?? 0;
    const states = outcomes.get(message.id) ?? new Set();
    const what = `mail ${message.id} of ${message.ticketNumber} (${[...states].join(', ') || 'no outcome'})`;
    if (copies > 1) violations.push({ promise: 'a mail arrives once', detail: `${what} arrived ${copies} times` });
    if (states.size !== 1 || states.has('failed')) {
      violations.push({ promise: 'a mail is sent or uncertain', detail: `${what}, arrived ${copies} times` });
    } else if (copies === 0 && states.has('sent')) {
      violations.push({ promise: 'a mail that counts as sent arrives', detail: `${what} never arrived` });
    }
  }
  const known = new Set(sent.map(({ id }) => id));
  for (const [id, copies] of arrived) {
    if (!known.has(id)) {
      violations.push({
        promise: 'only what left a ticket is sent',
        detail: `${copies[0]?.messageId} arrived at ${copies[0]?.to}`,
      });
    }
  }
  for (const [conversation, messages] of Map.groupBy(sent, ({ conversationKey }) => conversationKey)) {
    const inOrder = messages.flatMap(({ id }) => (arrivedAt.has(id) ? [{ id, at: arrivedAt.get(id) as number }] : []));
    for (const [index, { id, at }] of inOrder.entries()) {
      const before = inOrder[index - 1];
      if (before === undefined || before.at < at) continue;
      violations.push({
        promise: 'mails of a conversation arrive in order',
        detail: `${conversation}: ${id} arrived before ${before.id}, which left first`,
      });
    }
  }
  return violations;
};

/** Every line of ours is in its chat exactly once and in order; each customer is shown everything once and without a gap. */
export const checkChatsArrive: Check = ({ outbound, chats }) => {
  const violations: Violation[] = [];
  const sent = distinct(outbound).filter(({ channel }) => channel === 'chat');
  const byConversation = Map.groupBy(sent, ({ conversationKey }) => conversationKey);
  for (const { conversation, sessionId, received, whole } of chats) {
    const told = (promise: string, detail: string) =>
      violations.push({ promise, detail: `${conversation} (session ${sessionId}): ${detail}` });
    for (const [how, lines] of [
      ['while it ran', received],
      ['to a new device', whole],
    ] as const) {
      for (const [index, { sequence, id }] of lines.entries()) {
        if (sequence === index + 1) continue;
        told('a chat is shown without gap or repeat', `${how}, line ${index + 1} was number ${sequence} (${id})`);
        break;
      }
    }
    if (received.length !== whole.length || received.some(({ id }, index) => id !== whole[index]?.id)) {
      told('a chat is shown whole', `${received.length} lines came while it ran, there are ${whole.length}`);
    }
    const ours = whole.filter(({ author }) => author !== 'customer').map(({ id }) => id);
    const left = (byConversation.get(`chat:${sessionId}`) ?? []).map(({ id }) => id);
    byConversation.delete(`chat:${sessionId}`);
    for (const id of missing(new Set(left), new Set(ours))) told('an answer arrives in the chat', `${id} never did`);
    for (const id of missing(new Set(ours), new Set(left))) told('only answers arrive in the chat', `${id} did`);
    if (new Set(ours).size !== ours.length)
      told('an answer arrives in the chat once', `lines of ours: ${ours.join(', ')}`);
    if (ours.some((id, index) => left[index] !== id)) {
      told('answers arrive in the chat in order', `left as ${left.join(', ')}; arrived as ${ours.join(', ')}`);
    }
  }
  for (const [conversationKey, messages] of byConversation) {
    violations.push({ promise: 'an answer goes to a chat there is', detail: `${conversationKey}: ${idsOf(messages)}` });
  }
  return violations;
};

/** Outbound messages whose sending a crash left undecided. */
export function countUncertain({ deliveries }: History): number {
  return [...outcomesOf(deliveries).values()].filter((states) => states.has('uncertain')).length;
}

/** The outbound messages of which it is known what became of them. */
export function outcomesOf(deliveries: readonly Delivery[]): Map<string, Set<'sent' | 'failed' | 'uncertain'>> {
  const outcomes = new Map<string, Set<'sent' | 'failed' | 'uncertain'>>();
  for (const { outboundMessageId, status } of deliveries) {
    const state = finalStates[status];
    if (state !== undefined) outcomes.set(outboundMessageId, (outcomes.get(outboundMessageId) ?? new Set()).add(state));
  }
  return outcomes;
}

const finalStates: Partial<Record<DeliveryStatus, 'sent' | 'failed' | 'uncertain'>> = {
  [DeliveryStatus.DELIVERY_STATUS_SENT]: 'sent',
  [DeliveryStatus.DELIVERY_STATUS_FAILED]: 'failed',
  [DeliveryStatus.DELIVERY_STATUS_UNCERTAIN]: 'uncertain',
};

/** Our mails carry the id of the outbound message in their Message-ID. Any other id stands for itself. */
function outboundIdOf(messageId: string): string {
  return /^out\.([^@]+)@/.exec(messageId)?.[1] ?? messageId;
}

/** The first of each id, in their order. */
export function distinct<T extends { readonly id: string }>(records: readonly T[]): T[] {
  const seen = new Set<string>();
  return records.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** What of `wanted` is not in `there`. */
function missing(wanted: ReadonlySet<string>, there: ReadonlySet<string>): string[] {
  return [...wanted].filter((id) => !there.has(id));
}

function idsOf(messages: readonly OutboundMessage[]): string {
  return messages.map(({ id }) => id).join(', ') || 'none';
}
