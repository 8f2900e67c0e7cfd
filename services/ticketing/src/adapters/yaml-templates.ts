import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { AcknowledgementTemplate } from '../domain/acknowledgement.ts';

/** A template file does not fit; the message names the file and the key. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

const text = z.string({ error: 'must be a text' }).trim().min(1, 'must not be empty');
const schema = z.strictObject({
  acknowledgement: z.strictObject({
    subject: text,
    text: text.includes('{number}', 'must contain {number}'),
    live: text,
    public: text
      .refine((value) => !/\{\w+\}/.test(value), 'must not contain {number} or other facts: anyone reads it')
      .optional(),
  }),
});

/**
 * Reads every `<language>.yaml` of a folder.
 * @returns the template for a language: by its whole tag, by its first part ("zh" for "zh-CN"), or the default language's.
 * @throws TemplateError naming the file and the key.
 */
export function loadTemplates(folder: string, defaultLanguage: string): (language: string) => AcknowledgementTemplate {
  const templates = new Map<string, AcknowledgementTemplate>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const path = join(folder, file);
    const language = basename(file, '.yaml').toLowerCase();
    if (!isLanguage(language)) throw new TemplateError(`${path}: the file's name must be a language tag, like en.yaml`);
    const { acknowledgement } = readTemplate(path);
    const { subject, text: body, live: liveText, public: publicText } = acknowledgement;
    const template = { language, subject, text: body, liveText };
    templates.set(language, publicText === undefined ? template : { ...template, publicText });
  }
  const fallback = templates.get(defaultLanguage);
  if (fallback === undefined) throw new TemplateError(`${join(folder, `${defaultLanguage}.yaml`)}: is missing`);
  return (language) => {
    const tag = language.toLowerCase();
    return templates.get(tag) ?? templates.get(tag.split('-')[0] ?? '') ?? fallback;
  };
}

function readTemplate(path: string): z.infer<typeof schema> {
  let content: unknown;
  try {
    content = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new TemplateError(`${path}: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path: key, message }) => `${key.join('.') || 'the file'}: ${message}`);
  throw new TemplateError(`${path}: ${issues.join('; ')}`);
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
