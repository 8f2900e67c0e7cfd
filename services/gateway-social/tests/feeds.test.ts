import { Automatic, decodeEvent, type InboundMessage, MessageKind, topics, Visibility } from '@tributary/contracts';
import type { Document } from '@tributary/docstore';
import { until } from '@tributary/testing';
import { startFeedsSimulator } from '@tributary/testing/simulators/feeds';
import { describe, expect, onTestFinished, test } from 'vitest';
import { feedsAccount } from '../src/feeds/account.ts';
import { canonicalLink } from '../src/feeds/canonical-link.ts';
import { createFeedsChannel } from '../src/feeds/channel.ts';
import { matchRule } from '../src/feeds/match-rule.ts';
import { readFeed } from '../src/feeds/read-feed.ts';
import { accountOf } from './feeds-subject.ts';
import { connectTo, openWorld } from './world.ts';

interface PlaceRow extends Document {
  readonly dueAtMs: number;
  readonly leaseUntilMs?: number;
}

const mentions = [
  { words: ['Tributary'], with: ['smoke', 'refund'], become: 'ticket' },
  { words: ['tributary of the'], become: 'ignore' },
  { words: ['Tributary'], become: 'count' },
];

async function feedsWorld() {
  const world = await openWorld();
  const publisher = await startFeedsSimulator({ now: () => world.clock.now() });
  onTestFinished(() => publisher[Symbol.asyncDispose]());
  const counted: InboundMessage[] = [];
  const tail = await world.eventLog.tail({
    topics: [topics.mentions.name],
    from: 'start',
    handle: (record) => void counted.push(decodeEvent(topics.mentions, record)),
  });
  onTestFinished(() => tail.stop());
  const places = await world.dependencies.docStore.collection<PlaceRow>('feed_places');
  const atRest = () =>
    until('every feed to be looked at', async () => {
      const rows = await places.find({});
      return (
        rows.length > 0 &&
        rows.every(({ dueAtMs, leaseUntilMs }) => dueAtMs > world.clock.now() && leaseUntilMs === undefined)
      );
    });
  return {
    ...world,
    publisher,
    counted,
    atRest,
    open: (feeds: readonly string[], more: object = {}) =>
      world.run((dependencies) => createFeedsChannel([accountOf(feeds, { mentions, ...more })], dependencies)),
    /** Every feed is looked at once more. */
    async look() {
      await world.clock.advance(5000);
      await atRest();
    },
  };
}

describe('a mention', () => {
  test.each(['rss', 'atom', 'json'] as const)(
    'in %s is a public post with title, words, author and page',
    async (format) => {
      const { publisher, open, messages } = await feedsWorld();
      await open([publisher.feeds[format]]);
      const post = publisher.publish({
        title: 'Fire & flame',
        html: '<p>My <b>Tributary</b> scooter</p><p>gives off smoke</p>',
        author: 'Bo',
      });
      expect((await messages(1))[0]).toMatchObject({
        channel: 'feeds',
        account: 'press',
        sender: { kind: 'feeds', address: '127.0.0.1:Bo', displayName: 'Bo' },
        subject: 'Fire & flame',
        text: 'My Tributary scooter\n\ngives off smoke',
        kind: MessageKind.MESSAGE_KIND_POST,
        visibility: Visibility.VISIBILITY_PUBLIC,
        automatic: Automatic.AUTOMATIC_LIST,
        languageHint: 'en',
        attributes: { page: post.link, feed: publisher.feeds[format], words: 'Tributary' },
      });
    },
  );

  test('becomes a ticket, is only counted, or is ignored, as the first rule says that fits', async () => {
    const { publisher, open, messages, inbound, counted, atRest } = await feedsWorld();
    for (const html of ['Tributary smoke', 'A tributary of the Rhine', 'We ride Tributary', 'about something else']) {
      publisher.publish({ html });
    }
    await open([publisher.feeds.rss]);
    await messages(1);
    await atRest();
    await until('what is counted', () => counted.length > 0);
    expect([inbound, counted].map((list) => list.map(({ text }) => text))).toEqual([
      ['Tributary smoke'],
      ['We ride Tributary'],
    ]);
  });

  test('is one, however many feeds bring it and whatever its address is tracked with', async () => {
    const { publisher, open, messages, inbound, atRest } = await feedsWorld();
    const page = 'https://blog.example/tributary-smoke';
    publisher.publish({ html: 'Tributary smoke', link: `${page}?utm_source=rss` });
    publisher.publish({ html: 'Tributary smoke again', link: `http://www.blog.example/tributary-smoke/?fbclid=7#top` });
    const google = `https://www.google.com/url?rct=j&sa=t&url=${encodeURIComponent(page)}&ct=ga`;
    publisher.publish({ html: 'Tributary smoke, says Google', link: google });
    await open(Object.values(publisher.feeds));
    await messages(1);
    await atRest();
    expect(inbound).toHaveLength(1);
  });

  test('is not brought up again when its feed is asked again, also by a second start', async () => {
    const { publisher, open, messages, counted, look } = await feedsWorld();
    publisher.publish({ html: 'We ride Tributary' });
    await open([publisher.feeds.rss]);
    await until('the first', () => counted.length === 1);
    publisher.publish({ html: 'Tributary smoke' });
    await messages(1);
    await open([publisher.feeds.rss]);
    await look();
    // Not even a repeat with the same id.
    expect(counted).toHaveLength(1);
  });

  test('that is older than a day when the feed is new is left alone, and so is one without a date', async () => {
    const { publisher, open, messages, inbound, clock, atRest } = await feedsWorld();
    publisher.publish({ html: 'Tributary smoke long ago' });
    await clock.advance(25 * 3_600_000);
    publisher.publish({ html: 'Tributary smoke lately' });
    await open([publisher.feeds.atom]);
    await messages(1);
    await atRest();
    expect(inbound.map(({ text }) => text)).toEqual(['Tributary smoke lately']);
  });
});

describe('a feed', () => {
  test('that has nothing new is asked with its ETag and answers 304', async () => {
    const { publisher, open, look, atRest } = await feedsWorld();
    publisher.publish({ html: 'Tributary' });
    await open([publisher.feeds.rss]);
    await atRest();
    await look();
    await look();
    expect(publisher.requests.map(({ status }) => status)).toEqual([200, 304, 304]);
  });

  test('is asked as often by two replicas as by one', async () => {
    const { publisher, open, look, atRest } = await feedsWorld();
    await open([publisher.feeds.rss]);
    await open([publisher.feeds.rss]);
    await atRest();
    const before = publisher.requests.length;
    for (let i = 0; i < 10; i++) await look();
    expect(publisher.requests.length - before).toBe(10);
  });

  test('that is away is asked less and less often, and loses nothing', async () => {
    const { publisher, clock, open, messages, atRest } = await feedsWorld();
    await open([publisher.feeds.rss]);
    await atRest();
    publisher.behave('down');
    publisher.publish({ html: 'Tributary smoke' });
    for (let minutes = 0; minutes < 60; minutes++) {
      await clock.advance(60_000);
      await atRest();
    }
    const asked = publisher.requests.filter(({ status }) => status === 502).length;
    expect(asked).toBeGreaterThan(3);
    // Every five seconds would be 720.
    expect(asked).toBeLessThan(30);
    publisher.behave('well');
    await clock.advance(6 * 3_600_000);
    expect((await messages(1))[0]?.text).toBe('Tributary smoke');
  });

  test('is no problem of ours while it is away; the log that takes nothing is, and nothing is lost by either', async () => {
    const { publisher, clock, dependencies, atRest } = await feedsWorld();
    const taken: string[] = [];
    let logIsAway = true;
    const channel = createFeedsChannel([accountOf([publisher.feeds.rss], { mentions })], dependencies);
    publisher.behave('down');
    publisher.publish({ html: 'Tributary smoke' });
    const service = await connectTo(channel, {
      async accept(...messages) {
        if (messages.length > 0 && logIsAway) throw new Error('the log is away');
        taken.push(...messages.map(({ text }) => text));
      },
    });
    await atRest();
    expect([publisher.requests.length, service.providerProblems?.()]).toEqual([1, []]);
    publisher.behave('well');
    await until('the problem', async () => {
      await clock.advance(5000);
      return service.providerProblems?.().some((problem) => problem.includes('the log is away'));
    });
    logIsAway = false;
    await until('the mention', async () => {
      await clock.advance(5000);
      return taken.length > 0;
    });
    expect(taken).toEqual(['Tributary smoke']);
  });

  test('that says 429 is asked again when it says', async () => {
    const { publisher, clock, open, messages, atRest } = await feedsWorld();
    publisher.behave('busy');
    publisher.publish({ html: 'Tributary smoke' });
    await open([publisher.feeds.json]);
    await atRest();
    // Its Retry-After is two minutes.
    await clock.advance(119_999);
    expect(publisher.requests).toHaveLength(1);
    publisher.behave('well');
    expect((await messages(1))[0]?.text).toBe('Tributary smoke');
  });

  test('in a private network is not asked, by name or by number, unless it is allowed', async () => {
    const { publisher, open, atRest, inbound } = await feedsWorld();
    publisher.publish({ html: 'Tributary smoke' });
    const byName = publisher.feeds.rss.replace('127.0.0.1', 'localhost');
    await open([publisher.feeds.rss, byName], { allowPrivateAddress: false });
    await atRest();
    expect([publisher.requests, inbound]).toEqual([[], []]);
  });

  test('is followed through redirects, read in its own charset, and left when it is larger than 5 MiB', async () => {
    const { publisher, open, messages, atRest, inbound } = await feedsWorld();
    const gbk = Buffer.concat([
      Buffer.from('<?xml version="1.0" encoding="GBK"?><rss version="2.0"><channel><title>x</title><item><title>'),
      // 电池冒烟
      Buffer.from('b5e7b3d8c3b0d1cc', 'hex'),
      Buffer.from(`</title><guid>1</guid><pubDate>${new Date().toUTCString()}</pubDate></item></channel></rss>`),
    ]);
    publisher.serve('/gbk.xml', { body: gbk });
    const moved = publisher.serve('/moved.xml', { status: 301, headers: { location: '/gbk.xml' } });
    const large = publisher.serve('/large.xml', { body: `<rss><item>Tributary smoke${' '.repeat(6 * 1024 * 1024)}` });
    const round = publisher.serve('/round.xml', { status: 302, headers: { location: '/round.xml' } });
    await open([moved, large, round], { mentions: [{ words: ['冒烟'], become: 'ticket' }] });
    await messages(1);
    await atRest();
    expect(inbound.map(({ text }) => text)).toEqual(['电池冒烟']);
  });
});

test('a reader of feeds needs RSS, RDF, Atom or JSON, and takes no page for a feed', async () => {
  const rdf = `<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>R</title></channel><item rdf:about="https://r.example/1"><title>T</title><link>/1?utm_medium=x</link><dc:date>2026-05-01T07:00:00Z</dc:date></item></rdf:RDF>`;
  expect(await readFeed(rdf, 'https://r.example/feed')).toMatchObject([
    { key: 'r.example/1', title: 'T', publishedAt: new Date('2026-05-01T07:00:00Z') },
  ]);
  await expect(readFeed('<html><body>Sign in</body></html>', 'https://r.example/')).rejects.toThrow();
  expect(await readFeed('<rss version="2.0"><channel><title>x</title></channel></rss>', 'https://r.example/')).toEqual(
    [],
  );
});

test.each([
  ['https://Example.com/a', 'http://www.example.com/a/?utm_source=x#top'],
  ['https://example.com/a?a=1&b=2', 'https://example.com/a?b=2&gclid=7&a=1'],
  ['https://example.com/a', 'https://www.bing.com/news/apiclick.aspx?ref=x&url=https%3a%2f%2fexample.com%2fa&c=1'],
])('%s and %s are one address', (one, other) => {
  expect(canonicalLink(other)).toBe(canonicalLink(one));
});

test('addresses that differ in what is read stay two', () => {
  expect(canonicalLink('https://example.com/?p=1')).not.toBe(canonicalLink('https://example.com/?p=2'));
});

test.each([
  ['art', 'A work of ART!', true],
  ['art', 'The party starts', false],
  ['smoke alarm', 'a smoke\n alarm', true],
  ['ﬁre', 'on fire', true],
  ['冒烟', '电池冒烟了', true],
  ['Tributary', 'Tributary的电池', true],
  ['C++', 'written in C++.', true],
  ['café', 'at the cafe\u0301', true],
])('%j in %j: %j', (word, text, isThere) => {
  const rules = feedsAccount.parse({
    name: 'x',
    feeds: ['https://x.example/'],
    mentions: [{ words: [word], become: 'count' }],
  });
  expect(matchRule(rules.mentions, text) !== undefined).toBe(isThere);
});
