import type { AgentProfile } from '../agents/agent.ts';
import type { Complexity, Severity, TicketType, When } from '../grading/grade.ts';
import type { PhraseIndex, Phrases } from '../grading/text.ts';
import type { OfferTerms } from '../offers/live-contact.ts';

/** How messages are graded and owners found: one checked, immutable version of the policy file. */
export interface Policy {
  /** The file's own version and a hash of its content. */
  readonly version: string;
  /** ISO 639-1 codes the language detector may answer with. */
  readonly languages: readonly string[];

  readonly regions: readonly Region[];
  readonly defaultRegion: string;
  /** Region by account, or by `channel/account`. */
  readonly accountRegions: Readonly<Record<string, string>>;

  readonly typeRules: readonly TypeRule[];
  /** Between types of equal score the first wins. */
  readonly typeOrder: readonly TicketType[];
  readonly defaultType: TicketType;
  readonly severityRules: readonly SeverityRule[];
  /** The weight at which a severity is reached. */
  readonly severityThreshold: number;
  readonly defaultSeverity: Readonly<Partial<Record<TicketType, Severity>>>;
  readonly complexityRules: readonly ComplexityRule[];
  readonly sentiment: { readonly negative: Phrases; readonly positive: Phrases };
  /** Of every phrase above. */
  readonly phraseIndex: PhraseIndex;
  readonly skillRules: readonly SkillRule[];
  readonly queueRules: readonly QueueRule[];
  readonly defaultQueue: string;

  readonly steps: readonly StepTemplate[];
  readonly customers: readonly CustomerRecord[];
  /** Units a ticket takes, by channel. */
  readonly channelUnits: Readonly<Record<string, number>>;
  readonly defaultUnits: number;
  /** How contacts are offered, by channel. Those of other channels are assigned. */
  readonly offers: Readonly<Record<string, OfferTerms>>;
  /** Milliseconds by which work overtakes, by severity and by tier. */
  readonly severityCreditMs: Readonly<Record<Severity, number>>;
  readonly tierCreditMs: Readonly<Record<number, number>>;
  /** Agents that exist from the start. */
  readonly agents: readonly AgentProfile[];
}

export interface Region {
  readonly id: string;
  /** ISO 3166-1 alpha-2. */
  readonly countries: readonly string[];
  /** Region ids, nearest first. */
  readonly neighbours: readonly string[];
}

export interface PhraseRule {
  readonly id: string;
  /** What each matching phrase or pattern counts. */
  readonly weight: number;
  readonly phrases: Phrases;
  readonly patterns: readonly RegExp[];
}

export interface TypeRule extends PhraseRule {
  readonly type: TicketType;
}

export interface SeverityRule extends PhraseRule {
  readonly severity: Severity;
  /** Only for these types. Empty: for all. */
  readonly types: readonly TicketType[];
}

/** The first that fits decides. Without phrases and patterns it fits by type and severity alone. */
export interface ComplexityRule extends PhraseRule {
  readonly complexity: Complexity;
  readonly types: readonly TicketType[];
  readonly severities: readonly Severity[];
}

export interface SkillRule {
  readonly id: string;
  readonly when: When;
  readonly skill: string;
  readonly proficiency: number;
}

export interface QueueRule {
  readonly id: string;
  readonly when: When;
  readonly queue: string;
}

/** One step of every requirement; the ticket's grade fills in what it asks of an agent. */
export interface StepTemplate {
  readonly id: string;
  /** How far below the needed proficiency is enough. `undefined`: no skill is needed. */
  readonly proficiencyBelow: number | undefined;
  readonly region: 'same' | 'near' | 'any';
  readonly language: 'same' | 'any';
  readonly tier: 'same' | 'any';
  /** Only these agents. Empty: anyone. */
  readonly agentIds: readonly string[];
  /** 0 never expires. */
  readonly expiresAfterMs: Readonly<Record<Severity, number>>;
  /** The next step counts at once when nobody who fits is online and on shift. */
  readonly skipWhenNobodyPresent: boolean;
}

/** What is known of a customer beforehand. */
export interface CustomerRecord {
  /** The agent who is asked for them first. */
  readonly adviserId: string | undefined;
  readonly region: string | undefined;
  readonly customerIds: readonly string[];
  /** Contact addresses, or `@domain` for everybody there. Lower case. */
  readonly addresses: readonly string[];
}

/** Units a ticket of this channel takes of an agent's capacity. */
export function unitsOf(channel: string, policy: Policy): number {
  return policy.channelUnits[channel] ?? policy.defaultUnits;
}

/** The customer's named adviser, when they have one. */
export function adviserOf(customerId: string, address: string, policy: Policy): string | undefined {
  const known = policy.customers.find(
    (customer) =>
      customer.adviserId !== undefined && (customer.customerIds.includes(customerId) || has(customer, address)),
  );
  return known?.adviserId;
}

/** The region in the record of whoever writes from this address. Before ticketing has placed a message, only that is known. */
export function recordedRegion(address: string, policy: Policy): string | undefined {
  return policy.customers.find((customer) => customer.region !== undefined && has(customer, address))?.region;
}

function has({ addresses }: CustomerRecord, address: string): boolean {
  const domain = address.slice(address.lastIndexOf('@'));
  return address !== '' && (addresses.includes(address) || addresses.includes(domain));
}
