/** The elements of a pushed message by name. */
export type PushFields = Readonly<Record<string, unknown>>;

/**
 * Everything stays text (a MsgId has more digits than a number holds), and entities stay as written: WeChat uses CDATA. Loaded
 * with the first push, for most starts never see one.
 */
async function createParser() {
  const { XMLParser } = await import('fast-xml-parser');
  return new XMLParser({ ignoreAttributes: true, parseTagValue: false, processEntities: false, trimValues: false });
}

let loading: ReturnType<typeof createParser> | undefined;

/** @returns what is in `<xml>`, or undefined when it is no such document. */
export async function parsePush(text: string): Promise<PushFields | undefined> {
  // WeChat has no use for a document type, and whoever sends one may want entities expanded.
  if (text.includes('<!DOCTYPE')) return undefined;
  loading ??= createParser();
  const parser = await loading;
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
