/** The ticket and what it is made of, in the service's own words. Times are milliseconds since the epoch. */

export type TicketState = 'new' | 'open' | 'pending' | 'resolved' | 'closed';

/** How far it is known that a contact point belongs to whoever wrote. */
export type Verification = 'claimed' | 'channel' | 'proven';

export interface ContactPoint {
  readonly kind: string;
  /** Canonical. Empty when the channel gave none. */
  readonly address: string;
  readonly displayName: string;
  readonly verification: Verification;
}

export interface Actor {
  readonly kind: 'agent' | 'customer' | 'system';
  readonly id: string;
  readonly displayName: string;
}

interface Reason {
  readonly field: string;
  readonly rule: string;
  readonly detail: string;
}

export type Severity = 'urgent' | 'important' | 'normal';
export type Complexity = 'simple' | 'complex' | 'difficult';

/** What the router thought of the first message. */
export interface Grade {
  readonly type: 'none' | 'hardware-fault' | 'software-bug' | 'usage-question' | 'complaint' | 'suggestion';
  readonly severity: 'none' | Severity;
  readonly complexity: Complexity;
  /** ISO 639-1, `und` when unknown. */
  readonly language: string;
  readonly region: string;
  readonly sentiment: 'none' | 'negative' | 'neutral' | 'positive';
  readonly skills: readonly { readonly skill: string; readonly proficiency: number }[];
  readonly queue: string;
  readonly reasons: readonly Reason[];
  readonly policyVersion: string;
}

export type DeadlineKind = 'first-response' | 'resolution';

export interface Deadline {
  readonly kind: DeadlineKind;
  readonly dueAtMs: number;
  /** When the owner is to be warned. */
  readonly warnAtMs: number;
  /** When it was met, also when that was late. Absent while it is open. */
  readonly metAtMs?: number;
  readonly warnedAtMs?: number;
  readonly breachedAtMs?: number;
}

export interface Blob {
  readonly key: string;
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

export interface Attachment {
  readonly blob: Blob;
  readonly name: string;
  readonly contentId: string;
}

export interface Refusal {
  readonly what: string;
  readonly reason: string;
}

/** Whether a machine wrote a message; `none`: a person did. */
export type Automatic = 'none' | 'reply' | 'bounce' | 'list' | 'own' | 'generated';
export type Visibility = 'private' | 'public';
/** What kind of contact an entry is; `message` is whatever is written to us alone. */
export type MessageKind = 'message' | 'post' | 'comment' | 'call' | 'voicemail';

/** How a call went. */
export interface Call {
  /** Absent: not known yet, the customer is on the line. */
  readonly outcome?: 'answered' | 'abandoned' | 'voicemail' | 'callback-requested' | 'failed';
  readonly talkSeconds: number;
  readonly waitSeconds: number;
  /** What the customer chose in the menu. Empty when there was none. */
  readonly menuChoice: string;
  /** We called the customer. */
  readonly outbound: boolean;
}
export type OutboundPurpose = 'reply' | 'acknowledgement' | 'notification' | 'survey';

/** One entry of a ticket's conversation. What is absent is empty; most entries have few of the optional fields. */
export interface Entry {
  /** `InboundMessage.id`, `OutboundMessage.id` or the note's id. */
  readonly id: string;
  readonly kind: 'inbound' | 'outbound' | 'note';
  readonly author: Actor;
  readonly atMs: number;
  readonly text: string;
  readonly html?: string;
  readonly subject?: string;
  readonly attachments?: readonly Attachment[];
  readonly refusals?: readonly Refusal[];
  readonly raw?: Blob;
  /** Absent: a person wrote it. */
  readonly automatic?: Automatic;
  /** Absent: private. */
  readonly visibility?: Visibility;
  /** Absent: a message. */
  readonly messageKind?: MessageKind;
  /** Of a call or voicemail. */
  readonly call?: Call;
  /** Where it comes from or goes to, when that is not the ticket's channel. */
  readonly channel?: string;
  /** The provider's id of an inbound entry; an outbound one's is in `Ticket.deliveries`. */
  readonly providerMessageId?: string;
  /** The conversation it belongs to, where that is not the ticket's: the private one of a ticket that began in public. */
  readonly conversationKey?: string;
  /** Of an inbound entry: it is a public post or comment, to be answered under it. */
  readonly answeredUnderIt?: boolean;
  /** Of an outbound entry. */
  readonly purpose?: OutboundPurpose;
  /** Of an outbound entry: BCP 47 tag of its text, when known. */
  readonly language?: string;
  /** Of an outbound entry: provider's ids of earlier messages, oldest first; the last is being answered. */
  readonly references?: readonly string[];
  /** Of an outbound entry: provider's id of the post or comment to answer under. */
  readonly parentProviderMessageId?: string;
  /** Of an outbound entry: whom it goes to, when that is not the ticket's contact. */
  readonly recipient?: ContactPoint;
}

export type DeliveryStatus = 'uncertain' | 'sent' | 'delivered' | 'failed' | 'read';

/** What became of an outbound entry. */
export interface DeliveryState {
  readonly status: DeliveryStatus;
  readonly reason: string;
  /** Empty until the provider accepted it. */
  readonly providerMessageId: string;
}

export interface Ticket {
  readonly id: string;
  /** YYYYMMDDnnn in the deployment's time zone. */
  readonly number: string;
  readonly state: TicketState;
  readonly version: number;
  readonly lastSequence: number;
  readonly customerId: string;
  readonly contact: ContactPoint;
  /** Keys (`contactKey`) of everyone on the ticket: who wrote and who was addressed along with us. */
  readonly participants: readonly string[];
  readonly subject: string;
  readonly grade: Grade;
  /** Empty: it is in `queue`. */
  readonly ownerId: string;
  /** Never empty: it holds the ticket whenever it has no owner. */
  readonly queue: string;
  readonly tier: number;
  readonly channel: string;
  readonly account: string;
  readonly conversationKey: string;
  readonly deadlines: readonly Deadline[];
  readonly receivedAtMs: number;
  readonly updatedAtMs: number;
  readonly pendingSinceMs?: number;
  readonly pendingUntilMs?: number;
  readonly resolvedAtMs?: number;
  readonly closedAtMs?: number;
  readonly solution: string;
  readonly followsTicketId: string;
  readonly entries: readonly Entry[];
  /** Of outbound entries of which something is known, by entry id. */
  readonly deliveries: Readonly<Record<string, DeliveryState>>;
  /** Characters of text and HTML in the entries. */
  readonly contentChars: number;
}

/** One address as a key; empty when there is no address. */
export function contactKey({ kind, address }: Pick<ContactPoint, 'kind' | 'address'>): string {
  return address === '' ? '' : `${kind}:${address}`;
}

/** The key of an address that is more than claimed; empty otherwise: then it proves nothing. */
export function verifiedKey(contact: ContactPoint): string {
  return contact.verification === 'claimed' ? '' : contactKey(contact);
}

/** True while the customer waits on the line for somebody to pick up. */
export function isRinging({ messageKind, call }: Pick<Entry, 'messageKind' | 'call'>): boolean {
  return messageKind === 'call' && call?.outcome === undefined && call?.outbound !== true;
}

/** True when an entry only says how a call went that somebody of ours had taken or made: nothing is asked of us. */
export function isCallReport({ messageKind, call }: Pick<Entry, 'messageKind' | 'call'>): boolean {
  return messageKind === 'call' && (call?.outcome === 'answered' || call?.outbound === true);
}

/** True while somebody should be working on it. */
export function isRunning(state: TicketState): boolean {
  return state === 'new' || state === 'open' || state === 'pending';
}

/** True when the ticket should be given an owner. */
export function needsOwner(ticket: Pick<Ticket, 'state' | 'ownerId'>): boolean {
  return ticket.ownerId === '' && isRunning(ticket.state);
}

/** A ticket is one document, which must not grow without bound: a full one gets a follow-up ticket. */
export const fullAtEntries = 2000;
export const fullAtChars = 3_000_000;

/** True when a further message of the customer should start a follow-up ticket. */
export function isFull(
  ticket: Pick<Ticket, 'contentChars'> & { readonly entries: { readonly length: number } },
): boolean {
  return ticket.entries.length >= fullAtEntries || ticket.contentChars >= fullAtChars;
}
