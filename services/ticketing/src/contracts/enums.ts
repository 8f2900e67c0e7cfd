import type {
  ActorKind,
  Automatic as AutomaticValue,
  CallOutcome as CallOutcomeValue,
  Complexity as ComplexityValue,
  DeadlineKind as DeadlineKindValue,
  DeliveryStatus as DeliveryStatusValue,
  EntryKind,
  MessageKind as MessageKindValue,
  OutboundPurpose as OutboundPurposeValue,
  Sentiment,
  Severity as SeverityValue,
  TicketState as TicketStateValue,
  TicketType,
  Verification as VerificationValue,
  Visibility as VisibilityValue,
} from '@tributary/contracts';
import type {
  Actor,
  Automatic,
  Call,
  Complexity,
  DeadlineKind,
  DeliveryStatus,
  Entry,
  Grade,
  MessageKind,
  OutboundPurpose,
  TicketState,
  Verification,
  Visibility,
} from '../domain/ticket.ts';

/** The domain's words for a protobuf enum's values. */
export interface EnumWords<Word extends string, Value extends number> {
  /** 0 (UNSPECIFIED) for a word the enum does not have. */
  value(word: Word): Value;
  /** Undefined for UNSPECIFIED and for values this version does not know. */
  word(value: number): Word | undefined;
  readonly words: readonly Word[];
}

/** @param words In the order of the enum's values, from 1 on. */
function enumWords<Word extends string, Value extends number>(...words: readonly Word[]): EnumWords<Word, Value> {
  return {
    value: (word) => (words.indexOf(word) + 1) as Value,
    word: (value) => words[value - 1],
    words,
  };
}

export const ticketState = enumWords<TicketState, TicketStateValue>('new', 'open', 'pending', 'resolved', 'closed');
export const actorKind = enumWords<Actor['kind'], ActorKind>('agent', 'customer', 'system');
export const deadlineKind = enumWords<DeadlineKind, DeadlineKindValue>('first-response', 'resolution');
export const entryKind = enumWords<Entry['kind'], EntryKind>('inbound', 'outbound', 'note');
export const verification = enumWords<Verification, VerificationValue>('claimed', 'channel', 'proven');
export const visibility = enumWords<Visibility, VisibilityValue>('private', 'public');
export const messageKind = enumWords<MessageKind, MessageKindValue>('message', 'post', 'comment', 'call', 'voicemail');
export const callOutcome = enumWords<NonNullable<Call['outcome']>, CallOutcomeValue>(
  'answered',
  'abandoned',
  'voicemail',
  'callback-requested',
  'failed',
);
export const automatic = enumWords<Automatic, AutomaticValue>('none', 'reply', 'bounce', 'list', 'own', 'generated');
export const outboundPurpose = enumWords<OutboundPurpose, OutboundPurposeValue>(
  'reply',
  'acknowledgement',
  'notification',
  'survey',
);
export const deliveryStatus = enumWords<DeliveryStatus, DeliveryStatusValue>(
  'sent',
  'delivered',
  'read',
  'failed',
  'uncertain',
);
export const ticketType = enumWords<Exclude<Grade['type'], 'none'>, TicketType>(
  'hardware-fault',
  'software-bug',
  'usage-question',
  'complaint',
  'suggestion',
);
export const severity = enumWords<Exclude<Grade['severity'], 'none'>, SeverityValue>('urgent', 'important', 'normal');
export const complexity = enumWords<Complexity, ComplexityValue>('simple', 'complex', 'difficult');
export const sentiment = enumWords<Exclude<Grade['sentiment'], 'none'>, Sentiment>('negative', 'neutral', 'positive');
