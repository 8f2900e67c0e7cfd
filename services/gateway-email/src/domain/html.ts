import { compile } from 'html-to-text';
import sanitizeHtml from 'sanitize-html';

/** Deeper markup makes parsers slow; browsers flatten it at 512. */
const maxDepth = 500;

/** HTML that is safe to show, or a word why there is none. */
export type SafeHtml = { readonly html: string } | { readonly refused: string };

/**
 * What a mail's HTML may contain when an agent looks at it: text, tables, links, pictures that came with the mail. No
 * script, no form, no style that reaches beyond its element, nothing that is loaded from elsewhere (and so tells the
 * sender that and where it was read).
 */
export function sanitiseMailHtml(html: string): SafeHtml {
  if (nestsDeeper(html, maxDepth)) return { refused: `nested deeper than ${maxDepth} elements` };
  return { html: sanitizeHtml(html, rules).trim() };
}

/** The words of a mail's HTML as plain text; what mail programs mark as quoted gets `>` in front. */
export function htmlToPlainText(html: string): string {
  if (nestsDeeper(html, maxDepth))
    return html
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  return toText(html)
    .replace(/\u00a0/g, ' ')
    .trim();
}

/** Plain text as HTML, for mails that go out. */
export function plainTextToHtml(text: string): string {
  const escaped = text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<div>${escaped.replace(/\r?\n/g, '<br>\n')}</div>`;
}

const colour = [/^#[0-9a-f]{3,8}$/i, /^rgba?\([\d\s,.%]+\)$/i, /^[a-z]{3,20}$/i];
const length = [/^-?\d{1,4}(?:\.\d+)?(?:px|pt|em|rem|ex|%)?$/i, /^auto$/];

const rules: sanitizeHtml.IOptions = {
  allowedTags: [
    ...[
      'a',
      'abbr',
      'address',
      'b',
      'bdi',
      'bdo',
      'big',
      'blockquote',
      'br',
      'caption',
      'center',
      'cite',
      'code',
      'col',
    ],
    ...['colgroup', 'dd', 'del', 'details', 'dfn', 'div', 'dl', 'dt', 'em', 'figcaption', 'figure', 'font', 'h1', 'h2'],
    ...[
      'h3',
      'h4',
      'h5',
      'h6',
      'hr',
      'i',
      'img',
      'ins',
      'kbd',
      'li',
      'mark',
      'ol',
      'p',
      'pre',
      'q',
      'ruby',
      'rp',
      'rt',
    ],
    ...[
      's',
      'samp',
      'small',
      'span',
      'strike',
      'strong',
      'sub',
      'summary',
      'sup',
      'table',
      'tbody',
      'td',
      'tfoot',
      'th',
    ],
    ...['thead', 'tr', 'tt', 'u', 'ul', 'var', 'wbr'],
  ],
  nonTextTags: [
    'script',
    'style',
    'textarea',
    'option',
    'noscript',
    'title',
    'template',
    'iframe',
    'object',
    'svg',
    'math',
  ],
  allowedAttributes: {
    '*': ['dir', 'lang', 'title', 'style', 'align'],
    a: ['href', 'name', 'rel', 'target'],
    img: ['src', 'alt', 'width', 'height'],
    blockquote: ['type'],
    font: ['color', 'face', 'size'],
    ol: ['start', 'type'],
    table: ['border', 'cellpadding', 'cellspacing', 'width', 'bgcolor'],
    td: ['colspan', 'rowspan', 'width', 'height', 'valign', 'bgcolor'],
    th: ['colspan', 'rowspan', 'width', 'height', 'valign', 'bgcolor'],
    col: ['span', 'width'],
    colgroup: ['span', 'width'],
  },
  allowedStyles: {
    '*': {
      color: colour,
      'background-color': colour,
      'text-align': [/^(?:left|right|center|justify)$/],
      'text-decoration': [/^(?:none|underline|line-through)$/],
      'font-weight': [/^(?:normal|bold|bolder|lighter|[1-9]00)$/],
      'font-style': [/^(?:normal|italic|oblique)$/],
      'font-size': [/^\d{1,2}(?:\.\d+)?(?:px|pt|em|rem|%)$/, /^(?:small|medium|large|x-large|x-small)$/],
      'white-space': [/^(?:normal|pre|pre-wrap|pre-line|nowrap)$/],
      'margin-left': length,
      'padding-left': length,
      'border-left': [/^\d{1,2}px (?:solid|dashed|dotted) (?:#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d\s,.%]+\))$/i],
    },
  },
  allowedSchemes: ['http', 'https', 'mailto', 'tel'],
  allowedSchemesByTag: { img: ['cid'] },
  allowedSchemesAppliedToAttributes: ['href', 'src'],
  allowProtocolRelative: false,
  disallowedTagsMode: 'discard',
  enforceHtmlBoundary: false,
  nestingLimit: maxDepth,
  transformTags: {
    a(tagName, { href = '', ...attributes }) {
      // A relative link would lead into the page that shows the mail.
      const link = /^\s*(?:https?:\/\/|mailto:|tel:)/i.test(href) ? { href } : {};
      return { tagName, attribs: { ...attributes, ...link, rel: 'noopener noreferrer nofollow', target: '_blank' } };
    },
  },
  exclusiveFilter: (frame) => frame.tag === 'img' && !/^cid:/i.test(frame.attribs.src ?? ''),
};

const quote = { format: 'blockquote' };
const toText = compile({
  wordwrap: false,
  limits: { maxDepth, maxInputLength: 1 << 22 },
  selectors: [
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true, ignoreHref: true } },
    { selector: 'img', format: 'skip' },
    ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    { selector: 'table', format: 'block' },
    { selector: 'td', format: 'inlineSurround', options: { suffix: ' ' } },
    { selector: 'tr', format: 'block' },
    // Gmail, Yahoo, Outlook on the web, Apple Mail and QQ mark what they quote.
    { selector: 'div.gmail_quote', ...quote },
    { selector: 'div.yahoo_quoted', ...quote },
    { selector: 'div#divRplyFwdMsg', ...quote },
    { selector: 'div.moz-cite-prefix', format: 'block' },
    { selector: 'includetail', ...quote },
    { selector: 'div#isReplyContent', ...quote },
  ],
});

const voidTags = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'wbr']);
/** Closed by their next sibling: thousands of them in a row are sloppy, not deep. */
const impliedEnd = new Set(['p', 'li', 'dt', 'dd', 'tr', 'td', 'th', 'option']);

/** A single pass that counts open elements; it may count too many in broken markup, never for long. */
function nestsDeeper(html: string, limit: number): boolean {
  let depth = 0;
  for (const [, slash, name = ''] of html.matchAll(/<(\/?)([a-z][a-z0-9:-]*)/gi)) {
    const tag = name.toLowerCase();
    if (voidTags.has(tag) || impliedEnd.has(tag)) continue;
    depth = slash === '/' ? Math.max(0, depth - 1) : depth + 1;
    if (depth > limit) return true;
  }
  return false;
}
