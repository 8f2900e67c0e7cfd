import { canonicalLink } from './canonical-link.ts';

/** One post of a feed, whatever its format. Its texts are plain. */
export interface Post {
  /** The same for one post wherever it is found: its address without what differs, or the feed's own id. */
  readonly key: string;
  /** Its address as the feed gives it. Empty: it has none. */
  readonly link: string;
  readonly title: string;
  readonly text: string;
  readonly author: string;
  readonly language: string;
  /** Absent when it says none that can be read. */
  readonly publishedAt?: Date;
}

/** What the formats hold, before markup is taken off and addresses are completed. */
interface Entry {
  readonly id: string | undefined;
  readonly link: string | undefined;
  /** HTML, as most publishers take titles to be. */
  readonly title: string | undefined;
  readonly html: string | undefined;
  readonly plain?: string | undefined;
  readonly author: string | undefined;
  readonly language?: string | undefined;
  readonly date: string | undefined;
}

const maxTextLength = 20_000;

/**
 * Reads RSS 0.9x to 2.0, RDF, Atom and JSON Feed, in the feed's order.
 * @param url Where it was found: relative addresses begin there.
 * @throws Error when it is none of these
 */
export async function readFeed(text: string, url: string): Promise<Post[]> {
  if (hasNoItems(text)) return [];
  const { entries, language } = await entriesOf(text);
  const { compile } = await import('html-to-text');
  const plain = compile({
    wordwrap: false,
    selectors: [
      { selector: 'a', options: { ignoreHref: true } },
      { selector: 'img', format: 'skip' },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({ selector, options: { uppercase: false } })),
    ],
  });
  return entries.flatMap((entry) => {
    const link = absolute(entry.link, url);
    if (link === '' && !entry.id) return [];
    // A feed's own ids are its own.
    const key = link === '' ? `${canonicalLink(url)} ${entry.id}` : canonicalLink(link);
    const body = entry.plain ?? plain((entry.html ?? '').slice(0, maxTextLength * 4));
    const date = new Date(entry.date ?? '');
    return {
      key,
      link,
      title: plain(entry.title ?? '')
        .trim()
        .slice(0, 1000),
      text: body.trim().slice(0, maxTextLength),
      author: (entry.author ?? '').trim().slice(0, 200),
      language: entry.language ?? language ?? '',
      ...(!Number.isNaN(date.getTime()) && { publishedAt: date }),
    };
  });
}

/** The parser is large, and a feed in which nothing is yet needs none. */
function hasNoItems(text: string): boolean {
  return /<(rss|feed|rdf:RDF)[\s>]/i.test(text) && !/<([\w-]+:)?(item|entry)[\s>/]/i.test(text);
}

async function entriesOf(text: string): Promise<{ entries: Entry[]; language?: string | undefined }> {
  const { parseFeed } = await import('feedsmith');
  const { format, feed } = parseFeed(text);
  switch (format) {
    case 'rss':
      return {
        language: feed.language,
        entries: (feed.items ?? []).map(({ guid, link, title, description, content, dc, authors, pubDate }) => ({
          id: guid?.value,
          link: link ?? (guid?.isPermaLink === false || !/^https?:/.test(guid?.value ?? '') ? undefined : guid?.value),
          title,
          html: longer(content?.encoded, description),
          author: dc?.creators?.[0] ?? nameOf(authors?.[0]),
          date: pubDate ?? dc?.dates?.[0],
        })),
      };
    case 'rdf':
      return {
        language: feed.dc?.languages?.[0],
        entries: (feed.items ?? []).map(({ rdf, link, title, description, content, dc }) => ({
          id: rdf?.about,
          link,
          title,
          html: longer(content?.encoded, description),
          author: dc?.creators?.[0],
          date: dc?.dates?.[0],
        })),
      };
    case 'atom':
      return {
        language: feed.xml?.lang,
        entries: (feed.entries ?? []).map(
          ({ id, links, title, content, summary, authors, published, updated, xml }) => ({
            id,
            link: links?.find(({ rel }) => rel === undefined || rel === 'alternate')?.href,
            title: htmlOf(title),
            html: longer(htmlOf(content), htmlOf(summary)),
            author: authors?.[0]?.name,
            language: xml?.lang,
            date: published ?? updated,
          }),
        ),
      };
    case 'json':
      return {
        language: feed.language,
        entries: (feed.items ?? []).map((item) => ({
          id: item.id === undefined ? undefined : String(item.id),
          link: item.url ?? item.external_url,
          title: escaped(item.title),
          html: item.content_html ?? escaped(item.summary),
          plain: item.content_html === undefined ? item.content_text : undefined,
          author: item.authors?.[0]?.name,
          language: item.language,
          date: item.date_published ?? item.date_modified,
        })),
      };
  }
}

/** Many feeds have a teaser in one element and the whole in another. */
function longer(one: string | undefined, other: string | undefined): string | undefined {
  return (one?.length ?? 0) >= (other?.length ?? 0) ? one : other;
}

/** An Atom text of type "text", which is the default, is no markup. */
function htmlOf(text: { readonly value?: string; readonly type?: string } | undefined): string | undefined {
  return text?.type === undefined || text.type === 'text' || text.type === 'text/plain'
    ? escaped(text?.value)
    : text.value;
}

function escaped(text: string | undefined): string | undefined {
  return text?.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

/** RSS's author is "mail@example.com (Name)". */
function nameOf(author: string | { readonly name?: string } | undefined): string | undefined {
  const text = typeof author === 'string' ? author : author?.name;
  return /\(([^)]+)\)/.exec(text ?? '')?.[1] ?? text;
}

function absolute(link: string | undefined, base: string): string {
  if (link === undefined || !URL.canParse(link, base)) return '';
  const url = new URL(link, base);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : '';
}
