import type { FeedPost } from './index.ts';

interface FeedDocument {
  readonly type: string;
  readonly text: string;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** RSS 2.0 with the content and Dublin Core modules, as blog software writes it. */
export function rssFeed(url: string, posts: readonly FeedPost[]): FeedDocument {
  const items = posts.map(
    ({ id, link, author, title, html, atMs }) => `<item>
<title>${escapeXml(title)}</title>
<link>${escapeXml(link)}</link>
<guid isPermaLink="false">${escapeXml(id)}</guid>
<dc:creator>${escapeXml(author)}</dc:creator>
<pubDate>${new Date(atMs).toUTCString()}</pubDate>
<content:encoded><![CDATA[${html}]]></content:encoded>
</item>`,
  );
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>A blog</title><link>${url}</link><description>About scooters</description><language>en</language>
${items.join('\n')}
</channel></rss>`;
  return { type: 'application/rss+xml; charset=utf-8', text };
}

/** RFC 4287. */
export function atomFeed(url: string, posts: readonly FeedPost[]): FeedDocument {
  const entries = posts.map(
    ({ id, link, author, title, html, atMs }) => `<entry>
<id>urn:post:${escapeXml(id)}</id>
<title>${escapeXml(title)}</title>
<link rel="alternate" href="${escapeXml(link).replaceAll('"', '&quot;')}"/>
<author><name>${escapeXml(author)}</name></author>
<published>${new Date(atMs).toISOString()}</published>
<updated>${new Date(atMs).toISOString()}</updated>
<content type="html">${escapeXml(html)}</content>
</entry>`,
  );
  const updated = new Date(posts[0]?.atMs ?? 0).toISOString();
  const text = `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>${url}/</id><title>A blog</title><updated>${updated}</updated>
${entries.join('\n')}
</feed>`;
  return { type: 'application/atom+xml', text };
}

/** https://www.jsonfeed.org/version/1.1/ */
export function jsonFeed(url: string, posts: readonly FeedPost[]): FeedDocument {
  const items = posts.map(({ id, link, author, title, html, atMs }) => ({
    id,
    url: link,
    title,
    content_html: html,
    date_published: new Date(atMs).toISOString(),
    authors: [{ name: author }],
  }));
  const feed = {
    version: 'https://jsonfeed.org/version/1.1',
    title: 'A blog',
    home_page_url: url,
    language: 'en',
    items,
  };
  return { type: 'application/feed+json', text: JSON.stringify(feed) };
}
