import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { textIn } from '../customer-face.ts';
import { startServer } from '../json-server.ts';
import { atomFeed, escapeXml, jsonFeed, rssFeed } from './formats.ts';

export interface FeedPost {
  readonly id: string;
  /** Its address. Default: one on this server. */
  readonly link: string;
  readonly author: string;
  readonly title: string;
  /** HTML. */
  readonly html: string;
  readonly atMs: number;
}

/** What a path answers instead of the feeds. */
export interface FixedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface FeedsSimulator extends AsyncDisposable {
  readonly url: string;
  /** The same posts in three formats. */
  readonly feeds: { readonly rss: string; readonly atom: string; readonly json: string };
  publish(post: Partial<FeedPost> & { readonly html: string }): FeedPost;
  /** Answers a path of its own. @returns its address. */
  serve(path: string, answer: FixedAnswer): string;
  /** Requests that came, with what was answered. */
  readonly requests: readonly { readonly path: string; readonly status: number }[];
  behave(behaviour: 'well' | 'down' | 'busy'): void;
}

/** A publisher with one blog, whose feeds answer conditional requests. */
export async function startFeedsSimulator({
  port = 0,
  now = Date.now,
  shown = 20,
}: {
  readonly port?: number;
  readonly now?: () => number;
  /** How many posts a feed has, the latest. */
  readonly shown?: number;
} = {}): Promise<FeedsSimulator> {
  const posts: FeedPost[] = [];
  const fixed = new Map<string, FixedAnswer>();
  const requests: { path: string; status: number }[] = [];
  let behaviour: 'well' | 'down' | 'busy' = 'well';

  function publish(post: Partial<FeedPost> & { readonly html: string }): FeedPost {
    // Also from one start to the next another.
    const id = `${now()}-${posts.length + 1}`;
    const whole = { id, link: `${server.url}/posts/${id}`, author: 'Bo', title: '', atMs: now(), ...post };
    posts.unshift(whole);
    return whole;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const { status = 200, headers = {}, body = '' } = answerOf(path, request);
    requests.push({ path, status });
    response.writeHead(status, headers).end(body);
  }

  function answerOf(path: string, { headers }: IncomingMessage): FixedAnswer {
    if (behaviour === 'down') return { status: 502 };
    if (behaviour === 'busy') return { status: 429, headers: { 'retry-after': '120' } };
    const format = { '/feed.xml': rssFeed, '/atom.xml': atomFeed, '/feed.json': jsonFeed }[path];
    if (format === undefined) return fixed.get(path) ?? { status: 404 };
    const { type, text } = format(server.url, posts.slice(0, shown));
    const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 16)}"`;
    if (headers['if-none-match'] === etag) return { status: 304, headers: { etag } };
    const said = { 'content-type': type, etag, vary: 'accept-encoding' };
    const isPacked = /\bgzip\b/.test(String(headers['accept-encoding'] ?? ''));
    return isPacked
      ? { headers: { ...said, 'content-encoding': 'gzip' }, body: gzipSync(text) }
      : { headers: said, body: text };
  }

  const server = await startServer(
    port,
    {
      'POST mention'(input) {
        const text = textIn(input, 'text');
        const title = text.slice(0, 80);
        return { id: publish({ author: textIn(input, 'from'), title, html: `<p>${escapeXml(text)}</p>` }).id };
      },
      // Nobody is answered by a feed.
      'GET answers': () => [],
    },
    answer,
  );
  return {
    url: server.url,
    feeds: { rss: `${server.url}/feed.xml`, atom: `${server.url}/atom.xml`, json: `${server.url}/feed.json` },
    publish,
    serve(path, its) {
      fixed.set(path, its);
      return server.url + path;
    },
    requests,
    behave(next) {
      behaviour = next;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
