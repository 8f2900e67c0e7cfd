import * as proto from '@tributary/contracts';
import type { Decision, Outcome, Trigger } from '../domain/decision.ts';
import type { Complexity, Grade, Reason, Sentiment, Severity, TicketType } from '../domain/grading/grade.ts';
import type { Candidate } from '../domain/planning/candidates.ts';
import type { Step } from '../domain/planning/step.ts';

// Between the domain's words and the contracts' numbers.

const types = {
  hardware_fault: proto.TicketType.TICKET_TYPE_HARDWARE_FAULT,
  software_bug: proto.TicketType.TICKET_TYPE_SOFTWARE_BUG,
  usage_question: proto.TicketType.TICKET_TYPE_USAGE_QUESTION,
  complaint: proto.TicketType.TICKET_TYPE_COMPLAINT,
  suggestion: proto.TicketType.TICKET_TYPE_SUGGESTION,
} as const satisfies Record<TicketType, proto.TicketType>;
const severities = {
  urgent: proto.Severity.SEVERITY_URGENT,
  important: proto.Severity.SEVERITY_IMPORTANT,
  normal: proto.Severity.SEVERITY_NORMAL,
} as const satisfies Record<Severity, proto.Severity>;
const complexities = {
  simple: proto.Complexity.COMPLEXITY_SIMPLE,
  complex: proto.Complexity.COMPLEXITY_COMPLEX,
  difficult: proto.Complexity.COMPLEXITY_DIFFICULT,
} as const satisfies Record<Complexity, proto.Complexity>;
const sentiments = {
  negative: proto.Sentiment.SENTIMENT_NEGATIVE,
  neutral: proto.Sentiment.SENTIMENT_NEUTRAL,
  positive: proto.Sentiment.SENTIMENT_POSITIVE,
} as const satisfies Record<Sentiment, proto.Sentiment>;
const outcomes = {
  assigned: proto.DecisionOutcome.DECISION_OUTCOME_ASSIGNED,
  offered: proto.DecisionOutcome.DECISION_OUTCOME_OFFERED,
  waiting: proto.DecisionOutcome.DECISION_OUTCOME_WAITING,
  kept_owner: proto.DecisionOutcome.DECISION_OUTCOME_KEPT_OWNER,
  not_needed: proto.DecisionOutcome.DECISION_OUTCOME_NOT_NEEDED,
} as const satisfies Record<Outcome, proto.DecisionOutcome>;
const triggers = {
  message: proto.DecisionTrigger.DECISION_TRIGGER_MESSAGE,
  agent_available: proto.DecisionTrigger.DECISION_TRIGGER_AGENT_AVAILABLE,
  step_expired: proto.DecisionTrigger.DECISION_TRIGGER_STEP_EXPIRED,
  ticket_changed: proto.DecisionTrigger.DECISION_TRIGGER_TICKET_CHANGED,
  offer_ended: proto.DecisionTrigger.DECISION_TRIGGER_OFFER_ENDED,
} as const satisfies Record<Trigger, proto.DecisionTrigger>;

/** The word of a number; `otherwise` for one this version does not know. */
function wordOf<Word extends string>(words: Readonly<Record<Word, number>>, value: number, otherwise: Word): Word {
  return (Object.keys(words) as Word[]).find((word) => words[word] === value) ?? otherwise;
}

export function toProtoGrade(grade: Grade): proto.Grade {
  return {
    type: types[grade.type],
    severity: severities[grade.severity],
    complexity: complexities[grade.complexity],
    language: grade.language,
    region: grade.region,
    sentiment: sentiments[grade.sentiment],
    skills: [...grade.skills],
    queue: grade.queue,
    reasons: [...grade.reasons],
    policyVersion: grade.policyVersion,
  };
}

export function fromProtoGrade(grade: proto.Grade): Grade {
  return {
    type: wordOf(types, grade.type, 'usage_question'),
    severity: wordOf(severities, grade.severity, 'normal'),
    complexity: wordOf(complexities, grade.complexity, 'simple'),
    language: grade.language,
    region: grade.region,
    sentiment: wordOf(sentiments, grade.sentiment, 'neutral'),
    skills: grade.skills,
    queue: grade.queue,
    reasons: grade.reasons as Reason[],
    policyVersion: grade.policyVersion,
  };
}

export function toProtoDecision(decision: Decision): proto.RoutingDecision {
  return {
    id: decision.id,
    ticketId: decision.ticketId,
    ticketNumber: decision.ticketNumber,
    messageId: decision.messageId,
    trigger: triggers[decision.trigger],
    grade: toProtoGrade(decision.grade),
    steps: decision.steps.map(toProtoStep),
    stepIndex: decision.stepIndex,
    candidates: decision.candidates.map(toProtoCandidate),
    outcome: outcomes[decision.outcome],
    agentId: decision.agentId,
    waitingScore: BigInt(decision.waitingScore),
    capacityUnits: decision.capacityUnits,
    policyVersion: decision.policyVersion,
    time: new Date(decision.timeMs),
    offerId: decision.offerId,
  };
}

export function fromProtoDecision(decision: proto.RoutingDecision): Decision {
  return {
    id: decision.id,
    ticketId: decision.ticketId,
    ticketNumber: decision.ticketNumber,
    messageId: decision.messageId,
    trigger: wordOf(triggers, decision.trigger, 'message'),
    grade: fromProtoGrade(decision.grade ?? proto.Grade.create()),
    steps: decision.steps.map(fromProtoStep),
    stepIndex: decision.stepIndex,
    candidates: decision.candidates.map((candidate) => ({ ...candidate, idleMs: Number(candidate.idleMs) })),
    outcome: wordOf(outcomes, decision.outcome, 'not_needed'),
    agentId: decision.agentId,
    waitingScore: Number(decision.waitingScore),
    capacityUnits: decision.capacityUnits,
    offerId: decision.offerId,
    policyVersion: decision.policyVersion,
    timeMs: decision.time?.getTime() ?? 0,
  };
}

function toProtoStep(step: Step): proto.RoutingStep {
  return {
    index: step.index,
    skills: [...step.skills],
    regions: [...step.regions],
    language: step.language,
    agentIds: [...step.agentIds],
    expiresAfterMs: BigInt(step.expiresAfterMs),
    tier: step.tier,
  };
}

/** The key and the skipping rule do not travel: nothing is planned from a decision that was read back. */
function fromProtoStep(step: proto.RoutingStep): Step {
  return { ...step, needsKey: '', expiresAfterMs: Number(step.expiresAfterMs), skipWhenNobodyPresent: false };
}

function toProtoCandidate(candidate: Candidate): proto.Candidate {
  return { ...candidate, idleMs: BigInt(Math.round(candidate.idleMs)) };
}
