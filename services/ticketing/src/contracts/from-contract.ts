import type * as contracts from '@tributary/contracts';
import type { Bounce, RecordDelivery } from '../domain/commands.ts';
import type { GradedMessage, InboundMessage } from '../domain/inbound-message.ts';
import type { Actor, Attachment, Blob, Call, ContactPoint, Grade, Refusal } from '../domain/ticket.ts';
import * as words from './enums.ts';

/** Longest texts kept on a ticket, in characters; the raw original has the whole. */
const maxTextChars = 100_000;
const maxHtmlChars = 400_000;
const maxSubjectChars = 1000;
/** Longest ids and keys. */
const maxIdChars = 1024;
const maxParticipants = 200;
const maxReferences = 100;

/** Why a message cannot be taken, naming the field in proto names. */
export class UnacceptableMessage extends Error {
  override readonly name = 'UnacceptableMessage';
}

/** @throws UnacceptableMessage */
export function fromIngestItem({ message, grade, traceparent }: contracts.IngestItem): GradedMessage {
  if (message === undefined) throw new UnacceptableMessage('message: must be present');
  if (grade === undefined) throw new UnacceptableMessage('grade: must be present');
  if (grade.queue === '') throw new UnacceptableMessage('grade.queue: must not be empty');
  for (const field of ['id', 'channel', 'account', 'conversationKey'] as const) {
    const { length } = message[field];
    const name = field === 'conversationKey' ? 'conversation_key' : field;
    if (length === 0 || length > maxIdChars) {
      throw new UnacceptableMessage(`message.${name}: must have 1 to ${maxIdChars} characters, has ${length}`);
    }
  }
  if (message.receivedTime === undefined || Number.isNaN(message.receivedTime.getTime())) {
    throw new UnacceptableMessage('message.received_time: must be present');
  }
  return {
    message: fromMessage(message, message.receivedTime),
    grade: fromGrade(grade),
    traceparent: checked(traceparent),
  };
}

/** A wrong one is no reason to refuse a message. */
function checked(traceparent: string | undefined): string | undefined {
  return /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent ?? '') ? traceparent : undefined;
}

function fromMessage(message: contracts.InboundMessage, receivedTime: Date): InboundMessage {
  const refusals: Refusal[] = message.refusals.map(({ what, reason }) => ({ what, reason }));
  const cut = (what: string, text: string, maxChars: number, kept: string): string => {
    if (text.length <= maxChars) return text;
    refusals.push({ what, reason: `longer than ${maxChars} characters; the original has the whole` });
    return kept;
  };
  const { bounce } = message;
  const bounceReport = bounce && fromBounce(bounce, message.references);
  const kind = words.messageKind.word(message.kind) ?? 'message';
  return {
    id: message.id,
    channel: message.channel,
    account: message.account,
    providerMessageId: message.providerMessageId.slice(0, maxIdChars),
    conversationKey: message.conversationKey,
    sender: fromContact(message.sender),
    participants: message.participants.slice(0, maxParticipants).map(fromContact),
    subject: message.subject.slice(0, maxSubjectChars),
    text: cut('text', message.text, maxTextChars, message.text.slice(0, maxTextChars)),
    // Cut HTML would not be HTML.
    html: cut('html', message.html, maxHtmlChars, ''),
    attachments: message.attachments.flatMap(fromAttachment),
    refusals,
    ...(message.raw !== undefined && { raw: fromBlob(message.raw) }),
    references: message.references.slice(-maxReferences).map((id) => id.slice(0, maxIdChars)),
    replyToTicketId: message.replyToTicketId,
    automatic: words.automatic.word(message.automatic) ?? 'none',
    ...(bounceReport !== undefined && { bounce: bounceReport }),
    visibility: words.visibility.word(message.visibility) ?? 'private',
    kind,
    ...(message.call !== undefined && { call: fromCall(message.call) }),
    answeredUnderIt: kind === 'post' || kind === 'comment',
    receivedAtMs: receivedTime.getTime(),
  };
}

function fromBounce(report: contracts.BounceReport, references: readonly string[]): Bounce {
  const { outboundMessageId, recipient, status, diagnostic, permanent } = report;
  const reason = [diagnostic || 'it bounced', status, recipient && `(${recipient})`].filter((part) => part !== '');
  return {
    entryId: outboundMessageId,
    references,
    reason: reason.join(' ').slice(0, 1000),
    // Anything else may be a delay; the gateway reports a failed delivery by itself, too.
    failed: permanent || status.startsWith('5'),
  };
}

function fromCall({ outcome, talkSeconds, waitSeconds, menuChoice, outbound }: contracts.Call): Call {
  const word = words.callOutcome.word(outcome);
  return {
    ...(word !== undefined && { outcome: word }),
    talkSeconds: Number(talkSeconds),
    waitSeconds: Number(waitSeconds),
    menuChoice: menuChoice.slice(0, maxSubjectChars),
    outbound,
  };
}

function fromGrade(grade: contracts.Grade): Grade {
  return {
    type: words.ticketType.word(grade.type) ?? 'none',
    severity: words.severity.word(grade.severity) ?? 'none',
    complexity: words.complexity.word(grade.complexity) ?? 'simple',
    language: grade.language,
    region: grade.region,
    sentiment: words.sentiment.word(grade.sentiment) ?? 'none',
    skills: grade.skills.map(({ skill, proficiency }) => ({ skill, proficiency })),
    queue: grade.queue,
    reasons: grade.reasons.map(({ field, rule, detail }) => ({ field, rule, detail })),
    policyVersion: grade.policyVersion,
  };
}

/** Undefined for a status this version does not know. */
export function fromDelivery(delivery: contracts.Delivery): RecordDelivery | undefined {
  const status = words.deliveryStatus.word(delivery.status);
  if (status === undefined) return undefined;
  const { outboundMessageId: entryId, reason, providerMessageId, providerCode } = delivery;
  const fullReason = [providerCode, reason]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, 1000);
  return {
    type: 'recordDelivery',
    entryId,
    status,
    reason: fullReason,
    providerMessageId: providerMessageId.slice(0, maxIdChars),
  };
}

/** Undefined for a kind that is not given. */
export function fromActor({ kind, id, displayName }: contracts.Actor): Actor | undefined {
  const word = words.actorKind.word(kind);
  return word === undefined || id === '' ? undefined : { kind: word, id, displayName };
}

function fromContact(contact: contracts.ContactPoint | undefined): ContactPoint {
  const { kind = '', address = '', displayName = '' } = contact ?? {};
  return { kind, address, displayName, verification: words.verification.word(contact?.verification ?? 0) ?? 'claimed' };
}

export function fromAttachment({ blob, name, contentId }: contracts.Attachment): Attachment[] {
  return blob === undefined ? [] : [{ blob: fromBlob(blob), name, contentId }];
}

function fromBlob({ key, mediaType, size, sha256 }: contracts.BlobRef): Blob {
  return { key, mediaType, size: Number(size), sha256 };
}
