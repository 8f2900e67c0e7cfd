import { EntryKind } from '@tributary/contracts';
import type { Check, Violation } from '../history.ts';
import { nameOf } from '../message-name.ts';

/** Every acknowledged message is on exactly one ticket, exactly once; nothing is there that no customer sent. */
export const checkMessagePlaces: Check = ({ messages, tickets, refusals }) => {
  const violations: Violation[] = refusals.map((detail) => ({ promise: 'what is right is taken', detail }));
  const places = new Map<string, string[]>();
  for (const ticket of tickets) {
    for (const entry of ticket.entries) {
      if (entry.kind !== EntryKind.ENTRY_KIND_INBOUND) continue;
      const key = nameOf(entry);
      places.set(key, [...(places.get(key) ?? []), `${ticket.number} (ticket ${ticket.id}, entry ${entry.id})`]);
    }
  }
  for (const message of messages) {
    const key = `${message.channel} ${message.providerId}`;
    const found = places.get(key) ?? [];
    places.delete(key);
    const what = `${message.channel} message ${message.providerId} of ${message.conversation}, sent ${message.sends} times`;
    if (found.length === 0 && message.acknowledgedAtMs !== undefined) {
      violations.push({
        promise: 'an acknowledged message is on a ticket',
        detail: `${what}, acknowledged ${new Date(message.acknowledgedAtMs).toISOString()}, is on no ticket`,
      });
    }
    if (found.length > 1) {
      violations.push({ promise: 'a message is on one ticket once', detail: `${what}, is on ${found.join(' and ')}` });
    }
  }
  for (const [key, found] of places) {
    violations.push({
      promise: 'a ticket holds only what customers sent',
      detail: `${key}, which nobody sent, is on ${found.join(' and ')}`,
    });
  }
  return violations;
};
