import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** One verb or noun of a TwiML document. */
export interface TwimlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly TwimlElement[];
  readonly text: string;
}

type ParsedNode = { readonly ':@'?: Record<string, string> } & Record<string, unknown>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: true,
});
const verbs = new Set(['Say', 'Play', 'Pause', 'Gather', 'Record', 'Dial', 'Enqueue', 'Leave', 'Redirect', 'Hangup']);

/**
 * The verbs of a document, in order.
 * @throws what Twilio would say of it (error 12100, "Document parse failure"; 12200, "Schema validation warning").
 */
export function readTwiml(xml: string): readonly TwimlElement[] {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`12100 Document parse failure: ${valid.err.msg}`);
  const [response] = elementsIn(parser.parse(xml) as ParsedNode[]).filter(({ name }) => !name.startsWith('?'));
  if (response?.name !== 'Response') throw new Error('12100 Document parse failure: the root must be <Response>');
  const unknown = response.children.find(({ name }) => !verbs.has(name));
  if (unknown !== undefined) throw new Error(`12200 Schema validation warning: <${unknown.name}> is not known`);
  return response.children;
}

function elementsIn(nodes: readonly ParsedNode[]): TwimlElement[] {
  return nodes.flatMap((node) => {
    const name = Object.keys(node).find((key) => key !== ':@' && key !== '#text');
    if (name === undefined) return [];
    const children = node[name] as ParsedNode[];
    return [
      {
        name,
        attributes: node[':@'] ?? {},
        children: elementsIn(children),
        text: children.map((child) => String(child['#text'] ?? '')).join(''),
      },
    ];
  });
}
