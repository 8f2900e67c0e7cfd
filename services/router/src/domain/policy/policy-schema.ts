import { IANAZone } from 'luxon';
import { z } from 'zod';
import { complexities, severities, ticketTypes } from '../grading/grade.ts';
import { indexPhrases, toPhrases } from '../grading/text.ts';
import { crossCheck } from './cross-check.ts';
import type { Policy } from './policy.ts';

const id = z.string().regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, 'must be lower-case letters, digits, "-" or "_"');
const languageCode = z.string().regex(/^[a-z]{2}$/, 'must be an ISO 639-1 code such as "en"');
const country = z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as "DE"');
const type = z.enum(ticketTypes);
const severity = z.enum(severities);
const proficiency = z.int().min(1).max(5);
const tier = z.int().min(1).max(3);
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time "HH:MM"');

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** "30s", "5m", "2h", "1d" or "never" as milliseconds; 0 is never. */
const duration = z
  .string()
  .regex(/^(?:\d+[smhd]|never)$/, 'must be a time such as "30s", "5m", "2h", "1d", or "never"')
  .transform((text) =>
    text === 'never' ? 0 : Number.parseInt(text, 10) * unitMs[text.slice(-1) as keyof typeof unitMs],
  );
const positiveDuration = duration.refine((ms) => ms > 0, 'must not be "never" or 0');
const perSeverity = z.strictObject({ urgent: duration, important: duration, normal: duration });

const phrases = z.array(z.string().trim().min(1)).transform(toPhrases);
const pattern = z.string().transform((source, context) => {
  try {
    return new RegExp(source, 'iu');
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is not a regular expression: ${(error as Error).message}` });
    return z.NEVER;
  }
});
const phraseRule = {
  id,
  weight: z.number().positive().default(1),
  phrases: phrases.prefault([]),
  patterns: z.array(pattern).default([]),
};
const types = z.array(type).default([]);
const when = z
  .strictObject({
    types,
    severities: z.array(severity).default([]),
    languages: z.array(languageCode).default([]),
    regions: z.array(id).default([]),
  })
  .prefault({});

const shiftSchema = z.strictObject({
  weekdays: z.array(z.int().min(1).max(7)).min(1),
  start: time,
  end: time,
});

/** Whom and where to ring. The numbers are E.164: at most 15 digits, the first not 0. */
const callAddress = z
  .string()
  .regex(
    /^(?:tel:\+[1-9]\d{1,14}|sip:[^\s@]+@[^\s@]+|client:[A-Za-z0-9_.-]{1,100})?$/,
    'must be "tel:" and a number such as "tel:+4930123456", "sip:" and an address, "client:" and a name, or empty',
  );

const missedOffers = 'must be 1 or more, or "never"';
const offer = z.strictObject({
  timeout: positiveDuration,
  not_answering_after: z.union([z.int().min(1, missedOffers), z.literal('never')], missedOffers).default(1),
  needs_call_address: z.boolean().default(false),
  ask_again_after: duration.default(60_000),
  when_customer_leaves: z.enum(['assign', 'leave']).default('assign'),
});

/** An agent's profile, in the policy file and in PutAgent. */
export const agentSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'must be lower-case letters, digits and hyphens'),
  name: z.string().trim().min(1, 'must not be empty').max(200),
  email: z.union([z.literal(''), z.email('must be a mail address, or empty')]).default(''),
  regions: z.array(id).min(1, 'must name at least one region'),
  languages: z.array(languageCode).min(1, 'must name at least one language'),
  skills: z.array(z.strictObject({ skill: id, proficiency })).default([]),
  tier: tier.default(1),
  capacity_units: z.int().min(0).max(1_000_000_000).default(100),
  time_zone: z
    .string()
    .refine((zone) => IANAZone.isValidZone(zone), 'must be an IANA time zone such as "Asia/Shanghai"'),
  shifts: z.array(shiftSchema).default([]),
  call_address: callAddress.default(''),
});

const step = z.strictObject({
  id,
  skills: z.enum(['needed', 'none']).default('needed'),
  proficiency_below: z.int().min(0).max(4).default(0),
  region: z.enum(['same', 'near', 'any']).default('any'),
  language: z.enum(['same', 'any']).default('any'),
  tier: z.enum(['same', 'any']).default('any'),
  agents: z.array(id).default([]),
  expires_after: perSeverity,
  skip_when_nobody_present: z.boolean().default(true),
});

export const fileSchema = z
  .strictObject({
    version: z.string().trim().min(1),
    languages: z.array(languageCode).min(1),
    regions: z
      .array(z.strictObject({ id, countries: z.array(country).default([]), neighbours: z.array(id).default([]) }))
      .min(1),
    default_region: id,
    account_regions: z.record(z.string(), id).default({}),
    types: z.strictObject({
      default: type,
      order: z.array(type).length(ticketTypes.length, 'must name each of the five types once'),
      rules: z.array(z.strictObject({ ...phraseRule, type })),
    }),
    severities: z.strictObject({
      threshold: z.number().positive().default(1),
      default: z.partialRecord(type, severity).default({}),
      rules: z.array(z.strictObject({ ...phraseRule, severity, types })),
    }),
    complexities: z
      .array(
        z.strictObject({
          ...phraseRule,
          complexity: z.enum(complexities),
          types,
          severities: z.array(severity).default([]),
        }),
      )
      .default([]),
    sentiment: z.strictObject({ negative: phrases, positive: phrases }),
    skills: z.array(z.strictObject({ id, when, skill: id, proficiency })).default([]),
    queues: z.strictObject({
      default: id,
      rules: z.array(z.strictObject({ id, when, queue: id })).default([]),
    }),
    steps: z.array(step).min(1),
    customers: z
      .array(
        z.strictObject({
          adviser: id.optional(),
          region: id.optional(),
          ids: z.array(z.string().min(1)).default([]),
          addresses: z.array(z.string().toLowerCase().min(1)).default([]),
        }),
      )
      .default([]),
    capacity: z.strictObject({
      default: z.int().positive(),
      channels: z.record(z.string(), z.int().positive()).default({}),
    }),
    offers: z.record(z.string(), offer).default({}),
    credits: z.strictObject({
      severity: perSeverity,
      tier: z.partialRecord(z.enum(['1', '2', '3']), duration).default({}),
    }),
    agents: z.array(agentSchema).default([]),
  })
  .superRefine((file, context) =>
    crossCheck(file, (path, message) => context.addIssue({ code: 'custom', path, message })),
  );

export type PolicyFile = z.infer<typeof fileSchema>;

/** The policy of a checked file. */
export function toPolicy(file: PolicyFile, version: string): Policy {
  return {
    version,
    languages: file.languages,
    regions: file.regions,
    defaultRegion: file.default_region,
    accountRegions: file.account_regions,
    typeRules: file.types.rules,
    typeOrder: file.types.order,
    defaultType: file.types.default,
    severityRules: file.severities.rules,
    severityThreshold: file.severities.threshold,
    defaultSeverity: file.severities.default,
    complexityRules: file.complexities,
    sentiment: file.sentiment,
    phraseIndex: indexPhrases([
      ...[...file.types.rules, ...file.severities.rules, ...file.complexities].map((rule) => rule.phrases),
      file.sentiment.negative,
      file.sentiment.positive,
    ]),
    skillRules: file.skills,
    queueRules: file.queues.rules,
    defaultQueue: file.queues.default,
    steps: file.steps.map((each) => ({
      id: each.id,
      proficiencyBelow: each.skills === 'none' ? undefined : each.proficiency_below,
      region: each.region,
      language: each.language,
      tier: each.tier,
      agentIds: each.agents,
      expiresAfterMs: each.expires_after,
      skipWhenNobodyPresent: each.skip_when_nobody_present,
    })),
    customers: file.customers.map(({ adviser, region, ids, addresses }) => ({
      adviserId: adviser,
      region,
      customerIds: ids,
      addresses,
    })),
    channelUnits: file.capacity.channels,
    defaultUnits: file.capacity.default,
    offers: Object.fromEntries(
      Object.entries(file.offers).map(([channel, terms]) => [
        channel,
        {
          timeoutMs: terms.timeout,
          notAnsweringAfter: terms.not_answering_after === 'never' ? 0 : terms.not_answering_after,
          needsCallAddress: terms.needs_call_address,
          askAgainAfterMs: terms.ask_again_after,
          whenCustomerLeaves: terms.when_customer_leaves,
        },
      ]),
    ),
    severityCreditMs: file.credits.severity,
    tierCreditMs: file.credits.tier,
    agents: file.agents.map(toProfile),
  };
}

/** A checked profile in the domain's names. */
export function toProfile(agent: z.infer<typeof agentSchema>) {
  const { capacity_units: capacityUnits, time_zone: timeZone, call_address: callAddress, ...rest } = agent;
  return { ...rest, capacityUnits, timeZone, callAddress };
}
