import type { Entry } from './ticket.ts';

/** The texts of an acknowledgement in one language; `{number}`, `{time}` and `{subject}` are filled in. */
export interface AcknowledgementTemplate {
  /** BCP 47 tag, the file's name. */
  readonly language: string;
  readonly subject: string;
  readonly text: string;
  /** One short line, for channels where the customer waits for the answer. */
  readonly liveText: string;
  /** For what anyone can read: an invitation to write privately, without the ticket's number. Absent: there is none. */
  readonly publicText?: string;
}

export interface AcknowledgementFacts {
  readonly entryId: string;
  readonly number: string;
  readonly subject: string;
  /** Milliseconds until the first response is due. */
  readonly firstResponseMs: number;
  readonly live: boolean;
  /** It stands under a public message, for anyone to read. */
  readonly isPublic: boolean;
  readonly atMs: number;
  /** The message being acknowledged. Empty when the provider gave no id. */
  readonly providerMessageId: string;
}

/** "We have your message", with number and expected time; in public, with neither. Undefined when the template has no such text. */
export function acknowledge(template: AcknowledgementTemplate, facts: AcknowledgementFacts): Entry | undefined {
  const text = facts.isPublic ? template.publicText : facts.live ? template.liveText : template.text;
  if (text === undefined) return undefined;
  const values: Record<string, string> = {
    number: facts.number,
    subject: facts.subject,
    time: durationInWords(facts.firstResponseMs, template.language),
  };
  const fill = (blank: string) => blank.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
  return {
    id: facts.entryId,
    kind: 'outbound',
    author: { kind: 'system', id: 'ticketing', displayName: '' },
    atMs: facts.atMs,
    text: (facts.isPublic ? text : fill(text)).trim(),
    ...(facts.isPublic && { visibility: 'public' as const, parentProviderMessageId: facts.providerMessageId }),
    ...(!facts.live && !facts.isPublic && { subject: fill(template.subject).trim() }),
    language: template.language,
    purpose: 'acknowledgement',
    references: facts.providerMessageId === '' ? [] : [facts.providerMessageId],
  };
}

const minuteMs = 60_000;
const formats = new Map<string, Intl.NumberFormat>();

/** A duration in the largest unit that divides it well: "5 minutes", "24 hours", "3 days". */
export function durationInWords(ms: number, language: string): string {
  const minutes = Math.max(1, Math.round(ms / minuteMs));
  if (minutes < 90) return inUnit(minutes, 'minute', language);
  const hours = Math.round(minutes / 60);
  return hours <= 48 ? inUnit(hours, 'hour', language) : inUnit(Math.round(hours / 24), 'day', language);
}

function inUnit(count: number, unit: string, language: string): string {
  const key = `${language} ${unit}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' });
    formats.set(key, format);
  }
  return format.format(count);
}
