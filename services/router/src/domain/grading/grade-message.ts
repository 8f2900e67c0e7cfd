import type { PhraseRule, Policy } from '../policy/policy.ts';
import {
  type Complexity,
  type Grade,
  type GradingInput,
  type Reason,
  type Sentiment,
  type Severity,
  type SkillLevel,
  severities,
  type TicketType,
  type When,
} from './grade.ts';
import { detectLanguage } from './language.ts';
import { findRegion } from './region.ts';
import { findNeedles, normaliseText, type Phrases } from './text.ts';

/** Grades one message by a policy. The same input and policy always give the same grade. */
export function gradeMessage(input: GradingInput, policy: Policy): Grade {
  const original = `${input.subject}\n${input.text}`;
  const message: ReadMessage = { original, said: findNeedles(normaliseText(original), policy.phraseIndex) };
  const language = detectLanguage(original, input.languageHint, policy.languages);
  const region = findRegion(input, policy);
  const type = gradeType(message, policy);
  const severity = gradeSeverity(message, type.value, policy);
  const sentiment = gradeSentiment(message, policy);
  const complexity = gradeComplexity(message, type.value, severity.value, policy);
  const facts = { type: type.value, severity: severity.value, language: language.language, region: region.region };
  const skills = neededSkills(facts, policy);
  const queue = queueOf(facts, policy);
  return {
    ...facts,
    complexity: complexity.value,
    sentiment: sentiment.value,
    skills: skills.value,
    queue: queue.value,
    reasons: [
      type.reason,
      severity.reason,
      complexity.reason,
      { field: 'language', rule: language.method, detail: language.detail },
      { field: 'region', rule: region.method, detail: region.detail },
      sentiment.reason,
      ...skills.reasons,
      queue.reason,
    ],
    policyVersion: policy.version,
  };
}

interface ReadMessage {
  readonly original: string;
  /** Needles of the policy's phrases that it says. */
  readonly said: ReadonlySet<string>;
}

/** What a rule's `when` may ask about. */
interface GradedFacts {
  readonly type: TicketType;
  readonly severity: Severity;
  readonly language: string;
  readonly region: string;
}

interface Graded<T> {
  readonly value: T;
  readonly reason: Reason;
}

interface Hit {
  readonly rule: string;
  readonly weight: number;
  readonly words: readonly string[];
}

function saidOf(phrases: Phrases, { said }: ReadMessage): string[] {
  // A message says a few of hundreds.
  if (said.isDisjointFrom(phrases)) return [];
  return [...phrases.values()].filter(({ needle }) => said.has(needle)).map(({ text }) => text);
}

function hitsOf(rule: PhraseRule, message: ReadMessage): Hit | undefined {
  const words = saidOf(rule.phrases, message);
  for (const pattern of rule.patterns) {
    const found = pattern.exec(message.original)?.[0];
    if (found !== undefined) words.push(found.slice(0, 60));
  }
  return words.length === 0 ? undefined : { rule: rule.id, weight: rule.weight * words.length, words };
}

function explain(hits: readonly Hit[]): string {
  return hits.map(({ words, weight }) => `${words.map((word) => `"${word}"`).join(', ')} (${weight})`).join(' + ');
}

/** The type whose rules weigh most; between equals, the one the policy names first. */
function gradeType(message: ReadMessage, policy: Policy): Graded<TicketType> {
  const hitsByType = new Map<TicketType, Hit[]>();
  for (const rule of policy.typeRules) {
    const hit = hitsOf(rule, message);
    if (hit === undefined) continue;
    const hits = hitsByType.get(rule.type);
    if (hits === undefined) hitsByType.set(rule.type, [hit]);
    else hits.push(hit);
  }
  let best: { readonly type: TicketType; readonly score: number; readonly hits: readonly Hit[] } | undefined;
  for (const type of policy.typeOrder) {
    const hits = hitsByType.get(type) ?? [];
    const score = hits.reduce((sum, { weight }) => sum + weight, 0);
    if (score > (best?.score ?? 0)) best = { type, score, hits };
  }
  if (best === undefined) {
    const detail = 'no rule for a type matched';
    return { value: policy.defaultType, reason: { field: 'type', rule: 'default-type', detail } };
  }
  const rule = best.hits.map((hit) => hit.rule).join('+');
  return { value: best.type, reason: { field: 'type', rule, detail: `${explain(best.hits)} in the message` } };
}

/** The gravest severity whose matching rules together reach its threshold. */
function gradeSeverity(message: ReadMessage, type: TicketType, policy: Policy): Graded<Severity> {
  for (const severity of severities) {
    const hits = policy.severityRules.flatMap((rule) => {
      if (rule.severity !== severity || (rule.types.length > 0 && !rule.types.includes(type))) return [];
      return hitsOf(rule, message) ?? [];
    });
    const score = hits.reduce((sum, { weight }) => sum + weight, 0);
    if (score === 0 || score < policy.severityThreshold) continue;
    const rule = hits.map((hit) => hit.rule).join('+');
    return { value: severity, reason: { field: 'severity', rule, detail: `${explain(hits)} in the message` } };
  }
  const value = policy.defaultSeverity[type] ?? 'normal';
  return {
    value,
    reason: { field: 'severity', rule: 'default-severity', detail: `nothing makes this ${type} graver` },
  };
}

function gradeSentiment(message: ReadMessage, policy: Policy): Graded<Sentiment> {
  const negative = saidOf(policy.sentiment.negative, message);
  const positive = saidOf(policy.sentiment.positive, message);
  const value = compareCounts(positive.length, negative.length);
  const words = [...negative, ...positive].map((word) => `"${word}"`).join(', ');
  const detail = words === '' ? 'no word of feeling' : `${words}: ${positive.length} kind, ${negative.length} angry`;
  return { value, reason: { field: 'sentiment', rule: 'lexicon', detail } };
}

function compareCounts(positive: number, negative: number): Sentiment {
  if (positive === negative) return 'neutral';
  return positive > negative ? 'positive' : 'negative';
}

function gradeComplexity(
  message: ReadMessage,
  type: TicketType,
  severity: Severity,
  policy: Policy,
): Graded<Complexity> {
  for (const rule of policy.complexityRules) {
    if (rule.types.length > 0 && !rule.types.includes(type)) continue;
    if (rule.severities.length > 0 && !rule.severities.includes(severity)) continue;
    const hit = hitsOf(rule, message);
    if (hit === undefined && rule.phrases.size + rule.patterns.length > 0) continue;
    const detail = hit === undefined ? `${type}, ${severity}` : `${explain([hit])} in the message`;
    return { value: rule.complexity, reason: { field: 'complexity', rule: rule.id, detail } };
  }
  return {
    value: 'simple',
    reason: { field: 'complexity', rule: 'default-complexity', detail: 'no rule says otherwise' },
  };
}

/** Every skill a rule asks for, each at the highest proficiency asked. */
function neededSkills(facts: GradedFacts, policy: Policy): { value: SkillLevel[]; reasons: Reason[] } {
  const levels = new Map<string, number>();
  const reasons: Reason[] = [];
  for (const rule of policy.skillRules) {
    if (!applies(rule.when, facts)) continue;
    levels.set(rule.skill, Math.max(levels.get(rule.skill) ?? 0, rule.proficiency));
    reasons.push({ field: 'skills', rule: rule.id, detail: `${rule.skill} ${rule.proficiency} for ${facts.type}` });
  }
  if (reasons.length === 0) {
    reasons.push({ field: 'skills', rule: 'no-skills', detail: `no rule asks for a skill for ${facts.type}` });
  }
  return { value: [...levels].map(([skill, proficiency]) => ({ skill, proficiency })), reasons };
}

function queueOf(facts: GradedFacts, policy: Policy): Graded<string> {
  const rule = policy.queueRules.find(({ when }) => applies(when, facts));
  if (rule === undefined) {
    const reason: Reason = { field: 'queue', rule: 'default-queue', detail: 'no rule names another' };
    return { value: policy.defaultQueue, reason };
  }
  const detail = `for ${facts.type} in ${facts.region}`;
  return { value: rule.queue, reason: { field: 'queue', rule: rule.id, detail } };
}

function applies(when: When, facts: GradedFacts): boolean {
  return (
    (when.types.length === 0 || when.types.includes(facts.type)) &&
    (when.severities.length === 0 || when.severities.includes(facts.severity)) &&
    (when.languages.length === 0 || when.languages.includes(facts.language)) &&
    (when.regions.length === 0 || when.regions.includes(facts.region))
  );
}
