import { IANAZone } from 'luxon';
import { z } from 'zod';

/** What is said in a call; what stands in braces is filled in. Each is a text to say or `{play: address}` of a recording. */
const promptNames = [
  'language',
  'reason',
  'consent',
  'position',
  'minute',
  'minutes',
  'choices',
  'callback',
  'closed',
  'voicemail',
  'goodbye',
  'agent_offer',
  'agent_too_late',
  'agent_dial',
  'agent_no_answer',
] as const;
/** Short facts that are written onto the ticket, in the caller's language. */
const factNames = [
  'call',
  'callback',
  'abandoned',
  'answered',
  'voicemail',
  'outbound_answered',
  'outbound_failed',
  'outbound_no_agent',
] as const;

const key = z.string().regex(/^[0-9]$/, 'must be one digit in quotes, as in "1"');
const prompt = z.union([
  z.string().trim().min(1),
  z.strictObject({ play: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }) }),
]);
const time = z.string().regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time "HH:MM", at most "24:00"');
const id = z.string().regex(/^[a-z0-9]+(?:[-_][a-z0-9]+)*$/, 'must be lower-case letters, digits, "-" or "_"');

const languageSchema = z.strictObject({
  language: z.string().regex(/^[a-z]{2}(?:-[A-Za-z0-9]+)*$/, 'must be a BCP 47 tag such as "en" or "zh-CN"'),
  key,
  say: z.strictObject({ language: z.string().min(2), voice: z.string().min(1).optional() }),
  prompts: z.strictObject(everyOf(promptNames, prompt)),
  facts: z.strictObject(everyOf(factNames, z.string().trim().min(1))),
});

const reasonSchema = z.strictObject({
  id,
  key,
  /** In words, by language, as it stands on the ticket. */
  name: z.record(z.string(), z.string().trim().min(1)),
});

/** The file of a voice policy. */
export const voicePolicySchema = z
  .strictObject({
    version: z.string().min(1),
    languages: z.array(languageSchema).min(1, 'must hold at least one language'),
    reasons: z.array(reasonSchema).default([]),
    hours: z
      .strictObject({
        time_zone: z.string().refine((zone) => IANAZone.isValidZone(zone), 'must be an IANA time zone'),
        open: z.array(z.strictObject({ weekdays: z.array(z.int().min(1).max(7)).min(1), from: time, to: time })),
      })
      .optional(),
    record_calls: z.enum(['ask', 'never'], { error: 'must be ask or never' }),
    voicemail: z.strictObject({
      max_seconds: z.int().min(5).max(600),
      transcribe: z.boolean(),
      /** A caller who has waited so long is asked to leave a message. */
      after_wait_seconds: z.int().min(10),
    }),
    music: z.array(z.url({ protocol: /^https?$/, error: 'must be an http or https address' })).min(1),
  })
  .superRefine(({ languages, reasons }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [list, items] of Object.entries({ languages, reasons })) {
      items.forEach((item, index) => {
        if (items.findIndex((other) => other.key === item.key) < index)
          refuse([list, index, 'key'], 'is taken already');
      });
    }
    reasons.forEach(({ name }, index) => {
      for (const { language } of languages) {
        if (name[language] === undefined) refuse(['reasons', index, 'name'], `must have a name in "${language}"`);
      }
    });
  });

/** How calls are taken. */
export type VoicePolicy = z.output<typeof voicePolicySchema>;
export type VoiceLanguage = VoicePolicy['languages'][number];
export type PromptName = (typeof promptNames)[number];
export type FactName = (typeof factNames)[number];

/** The language of a tag, of its first part, or the policy's first. */
export function languageOf(policy: VoicePolicy, tag: string): VoiceLanguage {
  const { languages } = policy;
  const found =
    languages.find(({ language }) => language === tag) ??
    languages.find(({ language }) => language.split('-')[0] === tag.split('-')[0]) ??
    languages[0];
  if (found === undefined) throw new Error('a policy has at least one language');
  return found;
}

/** A text with what is in braces filled in. */
export function filled(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function everyOf<Name extends string, Schema extends z.ZodType>(names: readonly Name[], schema: Schema) {
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<Name, Schema>;
}
