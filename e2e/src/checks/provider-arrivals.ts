import type { OutboundMessage } from '@tributary/contracts';
import type { Check, Violation } from '../history.ts';
import { providerChannels } from '../providers/index.ts';
import { distinct, outcomesOf } from './answers.ts';

/**
 * What goes to a customer by a provider arrives exactly once and in order, or is marked uncertain and arrives at most once. The
 * providers do not tell our ids, so texts are compared: each names its ticket or its command.
 */
export const checkProviderArrivals: Check = ({ outbound, deliveries, arrivals }) => {
  const violations: Violation[] = [];
  const outcomes = outcomesOf(deliveries);
  const known = new Set<string>([...providerChannels, 'phone']);
  const keyOf = ({ channel, text }: { readonly channel: string; readonly text: string }) => `${channel}: ${text}`;
  const sent = Map.groupBy(
    distinct(outbound).filter(({ channel }) => known.has(channel)),
    keyOf,
  );
  const arrived = Map.groupBy(arrivals, keyOf);
  for (const [key, messages] of sent) {
    const copies = arrived.get(key)?.length ?? 0;
    const states = messages.map(({ id }) => [...(outcomes.get(id) ?? [])].join(' and ') || 'no outcome');
    const what = `${key} (${messages.map(({ id }, index) => `${id} ${states[index]}`).join(', ')}) arrived ${copies} times`;
    if (copies > messages.length) violations.push({ promise: 'a message arrives once', detail: what });
    if (states.some((state) => state !== 'sent' && state !== 'uncertain')) {
      violations.push({ promise: 'a message is sent or uncertain', detail: what });
    }
    if (copies < states.filter((state) => state === 'sent').length) {
      violations.push({ promise: 'a message that counts as sent arrives', detail: what });
    }
  }
  for (const key of arrived.keys()) {
    if (!sent.has(key)) violations.push({ promise: 'only what left a ticket is sent', detail: key });
  }
  const arrivedAt = new Map(arrivals.map((arrival, index) => [keyOf(arrival), index]));
  const byConversation = Map.groupBy([...sent.values()].flat().sort(byOrder(outbound)), (each) => each.conversationKey);
  for (const [conversation, messages] of byConversation) {
    let last = -1;
    for (const message of messages) {
      const key = keyOf(message);
      const at = arrivedAt.get(key);
      // An invitation that several customers were sent says nothing of whose it is.
      if (at === undefined || sent.get(key)?.length !== 1) continue;
      if (at < last) {
        violations.push({
          promise: 'messages of a conversation arrive in order',
          detail: `${conversation}: ${message.id} arrived before one that left first`,
        });
      }
      last = Math.max(last, at);
    }
  }
  return violations;
};

/** In the order in which they left. */
function byOrder(outbound: readonly OutboundMessage[]) {
  const places = new Map(outbound.toReversed().map(({ id }, index) => [id, outbound.length - index]));
  return (a: OutboundMessage, b: OutboundMessage) => (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0);
}
