import {
  type Candidate,
  DecisionOutcome,
  DecisionTrigger,
  type Grade,
  type Offer,
  type RoutingDecision,
  type RoutingStep,
} from '@tributary/contracts';
import { offerOutcome } from './offer-text.ts';
import { indent, pad, plainLine } from './plain.ts';
import { dateTime, duration } from './time.ts';
import {
  complexityWord,
  outcomeWord,
  sentimentWord,
  severityWord,
  skillWords,
  triggerWord,
  typeWord,
} from './words.ts';

/**
 * One routing decision in words: why this grade, what was required, who was looked at, who got it.
 * @param offers The ticket's, by id.
 */
export function decisionText(
  decision: RoutingDecision,
  ordinal: number,
  offers: ReadonlyMap<string, Offer>,
  nowMs: number,
): string {
  const lines = [
    `Decision ${ordinal}, ${dateTime(decision.time)}: ${triggerText(decision, offers, nowMs)}`,
    ...(decision.grade === undefined ? [] : ['  Graded', ...gradeLines(decision.grade)]),
    ...(decision.steps.length === 0 ? [] : ['  Required', ...decision.steps.map((step) => stepLine(step, decision))]),
    '  Looked at',
    ...(decision.candidates.length === 0
      ? ['    nobody']
      : decision.candidates.map((one) => candidateLine(one, decision))),
    `  ${outcomeText(decision, offers, nowMs)}`,
    `  Policy ${decision.policyVersion || 'without a version'}`,
  ];
  return `${lines.map((line) => indent(plainLine(line), /^ */.exec(line)?.[0] ?? '')).join('\n')}\n`;
}

function triggerText(
  { trigger, messageId, offerId, outcome }: RoutingDecision,
  offers: ReadonlyMap<string, Offer>,
  nowMs: number,
): string {
  switch (trigger) {
    case DecisionTrigger.DECISION_TRIGGER_MESSAGE:
      return `message ${messageId} came`;
    case DecisionTrigger.DECISION_TRIGGER_AGENT_AVAILABLE:
      return 'an agent freed up or came on line';
    case DecisionTrigger.DECISION_TRIGGER_STEP_EXPIRED:
      return 'a step expired, the next one counts';
    case DecisionTrigger.DECISION_TRIGGER_TICKET_CHANGED:
      return 'the ticket was escalated or lost its owner';
    case DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED: {
      // One that led to the next offer names that one.
      const ended = outcome === DecisionOutcome.DECISION_OUTCOME_OFFERED ? undefined : offers.get(offerId);
      return ended === undefined ? 'an offer ended' : `the offer to ${ended.agentId}: ${offerOutcome(ended, nowMs)}`;
    }
    default:
      return triggerWord(trigger) || 'cause unknown';
  }
}

function gradeLines(grade: Grade): string[] {
  const values: readonly (readonly [field: string, value: string])[] = [
    ['type', typeWord(grade.type)],
    ['severity', severityWord(grade.severity)],
    ['complexity', complexityWord(grade.complexity)],
    ['language', grade.language],
    ['region', grade.region],
    ['sentiment', sentimentWord(grade.sentiment)],
    ['skills', skillWords(grade.skills)],
    ['queue', grade.queue],
  ];
  const known = new Set(values.map(([field]) => field));
  const others = [...new Set(grade.reasons.map(({ field }) => field))].filter((field) => !known.has(field));
  return [...values, ...others.map((field) => [field, ''] as const)]
    .map(([field, value]) => {
      const reasons = grade.reasons.filter((reason) => reason.field === field);
      const because = reasons.map(({ rule, detail }) => (detail === '' ? rule : `${detail} [${rule}]`)).join('; ');
      return { field, value, because };
    })
    .filter(({ value, because }) => value !== '' || because !== '')
    .map(({ field, value, because }) => `    ${field}: ${value || '-'}${because === '' ? '' : `, because ${because}`}`);
}

function stepLine(step: RoutingStep, decision: RoutingDecision): string {
  const needs = [
    skillWords(step.skills) && `skills ${skillWords(step.skills)}`,
    step.regions.length > 0 && `region ${step.regions.join(' or ')}`,
    step.language && `language ${step.language}`,
    step.tier > 0 && `tier ${step.tier}`,
    step.agentIds.length > 0 && `only ${step.agentIds.join(', ')}`,
  ].filter(Boolean);
  const expiry = step.expiresAfterMs === 0n ? '' : `, for ${duration(Number(step.expiresAfterMs))}`;
  const counted = step.index === decision.stepIndex ? '  ← this one counted' : '';
  return `    step ${step.index + 1}: ${needs.join('; ') || 'anyone'}${expiry}${counted}`;
}

function candidateLine(candidate: Candidate, decision: RoutingDecision): string {
  const facts = [
    candidate.runningProblemOwner && "owner of the customer's running problem",
    candidate.namedAdviser && 'named adviser',
    `proficiency ${candidate.proficiency}`,
    `load ${Math.round(candidate.relativeLoad * 100)} %`,
    idleText(Number(candidate.idleMs)),
  ].filter(Boolean);
  const verdict =
    candidate.agentId === decision.agentId
      ? 'chosen'
      : candidate.qualified
        ? `qualified, not chosen${candidate.reason === '' ? '' : `: ${candidate.reason}`}`
        : `left out: ${candidate.reason || 'no reason recorded'}`;
  const place = pad(candidate.qualified ? `${candidate.rank}.` : '–', 3);
  return `    ${place} ${candidate.agentId}: ${verdict} (${facts.join(', ')})`;
}

/** Who never had a ticket is idle since the epoch. */
function idleText(idleMs: number): string {
  const tenYearsMs = 10 * 365 * 24 * 60 * 60 * 1000;
  return idleMs > tenYearsMs ? 'never assigned yet' : `idle ${duration(idleMs)}`;
}

function outcomeText(decision: RoutingDecision, offers: ReadonlyMap<string, Offer>, nowMs: number): string {
  switch (decision.outcome) {
    case DecisionOutcome.DECISION_OUTCOME_ASSIGNED:
      return `Assigned to ${decision.agentId}, taking ${decision.capacityUnits} units of capacity.`;
    case DecisionOutcome.DECISION_OUTCOME_KEPT_OWNER:
      return `${decision.agentId} already owns the ticket and keeps it.`;
    case DecisionOutcome.DECISION_OUTCOME_WAITING:
      return `Nobody qualified with room: it waits in queue ${decision.grade?.queue ?? ''} with score ${decision.waitingScore}.`;
    case DecisionOutcome.DECISION_OUTCOME_NOT_NEEDED:
      return 'No owner is wanted.';
    case DecisionOutcome.DECISION_OUTCOME_OFFERED:
      return offeredText(decision, offers.get(decision.offerId), nowMs);
    default:
      return `Outcome: ${outcomeWord(decision.outcome) || 'unknown'}.`;
  }
}

/** The whole life of the reservation: to whom, until when, and how it ended. */
function offeredText({ agentId, capacityUnits }: RoutingDecision, offer: Offer | undefined, nowMs: number): string {
  if (offer === undefined) return `Offered to ${agentId}, reserving ${capacityUnits} units of capacity.`;
  const until = `until ${dateTime(offer.expiresTime)}, reserving ${offer.capacityUnits} units of capacity`;
  return `Offered to ${offer.agentId} ${until}: ${offerOutcome(offer, nowMs)}.`;
}
