import { hashId } from '@tributary/contracts';
import { type AcknowledgementTemplate, acknowledge } from '../domain/acknowledgement.ts';
import { firstResponseMs } from '../domain/deadlines.ts';
import { paceOf, type TicketPolicy } from '../domain/decision-context.ts';
import { contactId, type GradedMessage, type InboundMessage } from '../domain/inbound-message.ts';
import { type Entry, type Grade, verifiedKey } from '../domain/ticket.ts';
import type { Contact, Contacts } from '../ports.ts';

/** How many acknowledgements one sender gets. */
interface AcknowledgementLimit {
  readonly count: number;
  readonly perMs: number;
}

export interface ContactDependencies {
  readonly contacts: Contacts;
  readonly policy: TicketPolicy;
  readonly acknowledgementLimit: AcknowledgementLimit;
  now(): number;
}

/** Whose customer a message's sender is, and whether a ticket it starts may be acknowledged. */
export type ContactBook = (message: InboundMessage) => {
  readonly customerId: string;
  readonly mayAcknowledge: boolean;
};

/**
 * Makes customers of senders that are new, and counts the acknowledgements that are about to be sent, so that all replicas
 * together keep the limit. A message that comes again, because its ticket could not be written, is not counted again.
 * @param starts Ids of the messages that will start a ticket.
 * @param found Contacts as read before.
 */
export async function settleContacts(
  items: readonly GradedMessage[],
  starts: ReadonlySet<string>,
  found: ReadonlyMap<string, Contact>,
  dependencies: ContactDependencies,
): Promise<ContactBook> {
  const { contacts, acknowledgementLimit: limit } = dependencies;
  const nowMs = dependencies.now();
  for (
    let current = found;
    ;
    current = await contacts.find([...new Set(items.map(({ message }) => contactId(message)))])
  ) {
    const changed = new Map<string, Contact>();
    const acknowledged = new Set<string>();
    for (const { message, grade } of items) {
      const id = contactId(message);
      const before = current.get(id);
      let contact = changed.get(id) ?? before;
      if (contact === undefined) {
        const { displayName } = message.sender;
        contact = { id, customerId: hashId('customer', id), displayName, acknowledged: [], revision: 1 };
        changed.set(id, contact);
      }
      if (!starts.has(message.id) || !canAnswer(message, grade, dependencies.policy)) continue;
      const recent = contact.acknowledged.filter(({ atMs }) => atMs > nowMs - limit.perMs);
      const isCounted = recent.some(({ messageId }) => messageId === message.id);
      if (!isCounted && recent.length >= limit.count) continue;
      acknowledged.add(message.id);
      if (isCounted) continue;
      const counted = [...recent, { messageId: message.id, atMs: nowMs }];
      changed.set(id, { ...contact, acknowledged: counted, revision: (before?.revision ?? 0) + 1 });
    }
    if (changed.size === 0 || (await contacts.put([...changed.values()]))) {
      return (message) => {
        const contact = changed.get(contactId(message)) ?? current.get(contactId(message));
        if (contact === undefined) throw new Error(`the sender of message ${message.id} is not settled`);
        return { customerId: contact.customerId, mayAcknowledge: acknowledged.has(message.id) };
      };
    }
  }
}

/**
 * Only a person who wrote is answered automatically, at an address the channel vouches for or on the line right now; in public only
 * where that is the policy and there is something to stand under.
 */
function canAnswer(message: InboundMessage, grade: Grade, policy: TicketPolicy): boolean {
  const { liveChannels, publicFirstChannels, publicFirstTypes } = policy;
  if (message.automatic !== 'none' || message.kind === 'call' || message.kind === 'voicemail') return false;
  if (message.visibility === 'public') {
    const canStandUnderIt = message.answeredUnderIt && message.providerMessageId !== '';
    const isInvited = publicFirstChannels.has(message.channel) && publicFirstTypes.has(grade.type);
    return canStandUnderIt && isInvited && verifiedKey(message.sender) !== '';
  }
  return verifiedKey(message.sender) !== '' || liveChannels.has(message.channel);
}

/** The acknowledgement of a message that starts a ticket, if there is one. Its id is the same however often it is made. */
export function acknowledgementFor(
  { message, grade }: GradedMessage,
  ticketId: string,
  number: string,
  dependencies: { readonly policy: TicketPolicy; template(language: string): AcknowledgementTemplate; now(): number },
): Entry | undefined {
  const { policy } = dependencies;
  const pace = paceOf({ messageKind: message.kind }, message.channel, policy);
  return acknowledge(dependencies.template(grade.language), {
    entryId: hashId('outbound', ticketId, 'acknowledgement', message.id),
    number,
    subject: message.subject,
    firstResponseMs: firstResponseMs(policy.deadlines, grade, pace),
    live: pace !== 'written',
    isPublic: message.visibility === 'public',
    atMs: dependencies.now(),
    providerMessageId: message.providerMessageId,
  });
}
