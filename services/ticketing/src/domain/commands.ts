import type { Attachment, ContactPoint, DeliveryStatus, Entry, Grade, Visibility } from './ticket.ts';

/** What a message needs to start a ticket. */
interface TicketStart {
  readonly ticketId: string;
  readonly number: string;
  readonly customerId: string;
  readonly contact: ContactPoint;
  readonly subject: string;
  readonly grade: Grade;
  readonly channel: string;
  readonly account: string;
  readonly conversationKey: string;
  readonly followsTicketId: string;
  /** When we accepted the message: deadlines count from here. */
  readonly receivedAtMs: number;
  /** Sent to the customer when this message starts the ticket. Absent: none. */
  readonly acknowledgement?: Entry;
}

/** What a bounce says of one of our messages. */
export interface Bounce {
  /** Id of the outbound entry. Empty when it could not be told. */
  readonly entryId: string;
  /** Provider's ids the report refers to; one of them may be an outbound entry's. */
  readonly references: readonly string[];
  readonly reason: string;
  /** False for a mere delay. */
  readonly failed: boolean;
}

/** A message of the customer, or of a machine, that was placed on this ticket. */
export interface ReceiveMessage {
  readonly type: 'receiveMessage';
  readonly entry: Entry;
  /** Contact keys of the sender and of the others on the message. */
  readonly participants: readonly string[];
  readonly bounce?: Bounce;
  readonly start: TicketStart;
}

export interface Reply {
  readonly type: 'reply';
  readonly entryId: string;
  readonly text: string;
  readonly html: string;
  readonly attachments: readonly Attachment[];
  /** Absent: as the message being answered. */
  readonly visibility?: Visibility;
}

/** The agent is rung, then the customer. */
export interface CallCustomer {
  readonly type: 'call';
  readonly entryId: string;
  /** E.164. Empty: the number of the ticket's contact. */
  readonly phoneNumber: string;
}

export interface AddNote {
  readonly type: 'addNote';
  readonly entryId: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

export interface Assign {
  readonly type: 'assign';
  /** Empty: back to the queue. */
  readonly ownerId: string;
  /** The routing decision. Empty when a person assigned it. */
  readonly decisionId: string;
  /** False: only when it has no owner. */
  readonly replaceOwner: boolean;
}

export interface RecordDelivery {
  readonly type: 'recordDelivery';
  readonly entryId: string;
  readonly status: DeliveryStatus;
  readonly reason: string;
  readonly providerMessageId: string;
}

export type Command =
  | ReceiveMessage
  | Reply
  | CallCustomer
  | AddNote
  | Assign
  /** `toTier` 0: the next higher. */
  | { readonly type: 'escalate'; readonly reason: string; readonly toTier: number }
  /** Without `untilMs`: until the customer writes. */
  | { readonly type: 'setPending'; readonly reason: string; readonly untilMs?: number }
  | { readonly type: 'resolve'; readonly solution: string }
  | { readonly type: 'reopen'; readonly reason: string }
  | { readonly type: 'close' }
  | RecordDelivery
  | { readonly type: 'checkDeadlines' };
