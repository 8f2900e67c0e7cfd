import { XMLParser } from 'fast-xml-parser';

/** The elements of a pushed message by name. */
export type PushFields = Readonly<Record<string, unknown>>;

/** Everything stays text (a MsgId has more digits than a number holds), and entities stay as written: WeChat uses CDATA. */
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  processEntities: false,
  trimValues: false,
});

/** @returns what is in `<xml>`, or undefined when it is no such document. */
export function parsePush(text: string): PushFields | undefined {
  // WeChat has no use for a document type, and whoever sends one may want entities expanded.
  if (text.includes('<!DOCTYPE')) return undefined;
  try {
    const { xml } = parser.parse(text) as { xml?: unknown };
    return typeof xml === 'object' && xml !== null ? (xml as PushFields) : undefined;
  } catch {
    return undefined;
  }
}

/** An element's text; empty when it is not there. */
export function field(fields: PushFields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
