import sanitizeHtml from 'sanitize-html';

/** An agent's HTML without anything that runs, loads or leaves the page's style; pictures only from the message itself. */
export function sanitiseHtml(html: string): string {
  if (html === '') return '';
  return sanitizeHtml(html, {
    allowedTags: [...sanitizeHtml.defaults.allowedTags, 'img'],
    allowedAttributes: {
      a: ['href', 'title'],
      img: ['src', 'alt', 'width', 'height'],
      td: ['colspan', 'rowspan'],
      th: ['colspan', 'rowspan'],
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['cid'] },
    allowProtocolRelative: false,
  });
}
