import normalizeUrl from 'normalize-url';

/** Parameters that say where a reader came from, not what they read. */
const tracking: readonly (string | RegExp)[] = [
  /^utm_/i,
  /^(mc|oly|vero|hsa|mtm|pk)_/i,
  /^_hs(enc|mi)$/i,
  ...[
    'fbclid',
    'gclid',
    'dclid',
    'gbraid',
    'wbraid',
    'msclkid',
    'yclid',
    'twclid',
    'ttclid',
    'igshid',
    'igsh',
    'li_fat_id',
  ],
  ...['cmpid', 'ocid', 'ncid', 'sr_share', 's_cid', '_ga', '_gl', 'spm', 'share_token', 'mkt_tok'],
];

/**
 * One text for all addresses of a post: without scheme, `www.`, tracking parameters, fragment and slash at the end, and its
 * parameters in order. Redirections by which search engines count readers are taken off.
 */
export function canonicalLink(link: string): string {
  return normalizeUrl(behindCounter(link), {
    stripProtocol: true,
    stripHash: true,
    removeQueryParameters: tracking,
  });
}

/** Alerts of Google (`/url?url=`) and Bing (`/news/apiclick.aspx?url=`) name the post in a parameter. */
function behindCounter(link: string): string {
  const { hostname, pathname, searchParams } = new URL(link);
  const isCounter =
    (/^(www\.)?google\.[a-z.]+$/.test(hostname) && pathname === '/url') ||
    (/^(www\.)?bing\.com$/.test(hostname) && pathname === '/news/apiclick.aspx');
  const inner = isCounter ? (searchParams.get('url') ?? searchParams.get('q') ?? '') : '';
  return /^https?:\/\//.test(inner) && URL.canParse(inner) ? inner : link;
}
