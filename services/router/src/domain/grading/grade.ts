export const ticketTypes = ['hardware_fault', 'software_bug', 'usage_question', 'complaint', 'suggestion'] as const;
export const severities = ['urgent', 'important', 'normal'] as const;
export const complexities = ['simple', 'complex', 'difficult'] as const;

export type TicketType = (typeof ticketTypes)[number];
/** In falling order of weight. */
export type Severity = (typeof severities)[number];
export type Complexity = (typeof complexities)[number];
export type Sentiment = 'negative' | 'neutral' | 'positive';

/** A skill and how well it must be, or is, mastered: 1 (knows it) to 5 (expert). */
export interface SkillLevel {
  readonly skill: string;
  readonly proficiency: number;
}

type GradedField = 'type' | 'severity' | 'complexity' | 'language' | 'region' | 'sentiment' | 'skills' | 'queue';

/** Why one field of a grade has its value. */
export interface Reason {
  readonly field: GradedField;
  /** The rule's id in the policy, or the method. */
  readonly rule: string;
  /** In words, with what matched. */
  readonly detail: string;
}

/** What the router thinks of a message. Each field has at least one reason. */
export interface Grade {
  readonly type: TicketType;
  readonly severity: Severity;
  readonly complexity: Complexity;
  /** ISO 639-1; `und` when it could not be told. */
  readonly language: string;
  /** Region id of the policy. */
  readonly region: string;
  readonly sentiment: Sentiment;
  readonly skills: readonly SkillLevel[];
  readonly queue: string;
  readonly reasons: readonly Reason[];
  readonly policyVersion: string;
}

/** What grading looks at. Nothing else influences a grade. */
export interface GradingInput {
  readonly subject: string;
  readonly text: string;
  readonly channel: string;
  readonly account: string;
  /** Kind of the sender's address: "email", "phone", … */
  readonly contactKind: string;
  readonly contactAddress: string;
  /** BCP 47 tag; empty when unknown. */
  readonly languageHint: string;
  /** Region id or ISO 3166-1 alpha-2 country; empty when unknown. */
  readonly regionHint: string;
}

/** When a rule of the policy applies. An empty list asks for nothing. */
export interface When {
  readonly types: readonly TicketType[];
  readonly severities: readonly Severity[];
  readonly languages: readonly string[];
  readonly regions: readonly string[];
}
