import { request } from 'node:http';
import { topics } from '@tributary/contracts';
import { ManualClock, until } from '@tributary/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Card } from '../src/domain/feed.ts';
import { append, journey } from './journey.ts';
import { type RunningConsole, runConsole } from './running-console.ts';

/** A browser's EventSource, as far as the tests need one. */
async function watch(url: string, lastEventId?: string) {
  const abort = new AbortController();
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await fetch(`${url}/feed`, { headers, signal: abort.signal });
  const cards = new Map<string, Card>();
  const seen = { lastEventId: '', resets: 0, events: 0, text: '', cards };
  const reading = (async () => {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      seen.text += chunk;
      const blocks = seen.text.split('\n\n');
      seen.text = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
        if (fields.get('event') === 'reset') seen.resets++;
        if (fields.get('event') !== 'card') continue;
        const card = JSON.parse(fields.get('data') ?? '') as Card;
        for (const id of card.replaces) cards.delete(id);
        cards.set(card.id, card);
        seen.events++;
        seen.lastEventId = fields.get('id') ?? '';
      }
    }
  })().catch(() => undefined);
  return {
    response,
    seen,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await reading;
    },
  };
}

describe('the live feed', () => {
  let running: RunningConsole;
  beforeEach(async () => {
    running = await runConsole();
  });
  afterEach(() => running[Symbol.asyncDispose]());

  test('shows a message become a ticket with an owner, an answer and its delivery, on one card', async () => {
    await using browser = await watch(running.url);
    const { inbound, ...rest } = journey();
    await append(running.eventLog, inbound);
    await until('the message', () => browser.seen.cards.get('message-001'));
    await append(running.eventLog, ...Object.values(rest));
    const card = await until('the whole story', () => {
      const found = browser.seen.cards.get('ticket-001');
      return found?.steps.length === 8 && found;
    });
    expect([...browser.seen.cards.keys()]).toEqual(['ticket-001']);
    expect(card).toMatchObject({
      ticketNumber: '20261122001',
      channel: 'email',
      customer: 'Mei Lin',
      subject: 'Smoke from the battery',
      grade: 'urgent hardware fault',
      state: 'open',
      owner: 'anna',
    });
    expect(card.steps.map(({ title }) => title)).toEqual([
      'Message by email from Mei Lin',
      'Ticket 20261122001 opened',
      'Message put on the ticket',
      'urgent hardware fault: assigned to anna',
      'anna owns the ticket',
      'Reply by ticketing',
      'Reply goes out by email',
      'Sent by email',
    ]);
    expect(card.steps[1]?.details).toEqual(['first response due in 2 h']);
    expect(card.steps[3]?.details).toEqual(['severity: "smoke" in the text', 'type: "battery" in the subject']);
    expect(card.steps[3]?.candidates).toEqual(['anna was chosen', 'bob was left out: is away']);
  });

  test('a page opened later gets what came before', async () => {
    await append(running.eventLog, ...Object.values(journey()));
    await using browser = await watch(running.url);
    await until('the card', () => browser.seen.cards.get('ticket-001')?.steps.length === 8);
    expect(browser.seen.resets).toBe(1);
  });

  test('a browser that comes back gets only what it missed', async () => {
    await append(running.eventLog, journey().inbound);
    let lastEventId = '';
    {
      await using browser = await watch(running.url);
      await until('the first card', () => browser.seen.cards.size === 1);
      lastEventId = browser.seen.lastEventId;
    }
    await append(running.eventLog, journey({ name: '002' }).inbound);
    await using browser = await watch(running.url, lastEventId);
    await until('the second card', () => browser.seen.cards.size > 0);
    expect([...browser.seen.cards.keys()]).toEqual(['message-002']);
    expect(browser.seen.resets).toBe(0);
  });

  test('an event id of another run, or no event id at all, begins anew', async () => {
    await append(running.eventLog, journey().inbound);
    for (const id of ['00000000-0000-0000-0000-000000000000:5', 'nonsense', ':']) {
      await using browser = await watch(running.url, id);
      await until('the card', () => browser.seen.cards.size === 1);
      expect(browser.seen.resets).toBe(1);
    }
  });

  test('an event that cannot be decoded is passed over and stops nothing', async () => {
    await using browser = await watch(running.url);
    const bytes = { value: Buffer.from([0xff, 0xff]), headers: {} };
    await append(running.eventLog, { topic: topics.inbound.name, key: 'x', ...bytes }, journey().inbound);
    await until('the good one', () => browser.seen.cards.size === 1);
  });

  test('what a customer wrote stays one event, whatever is in it', async () => {
    const hostile = 'a\n\nevent: reset\ndata: {}\n\n\u2028</script><script>alert(1)</script>';
    await using browser = await watch(running.url);
    await append(running.eventLog, journey({ text: hostile, customer: hostile }).inbound);
    const card = await until('the card', () => browser.seen.cards.get('message-001'));
    expect(card.steps[0]?.text).toBe(hostile);
    expect(browser.seen.resets).toBe(1);
  });

  test('of a very long message only the beginning is shown', async () => {
    await using browser = await watch(running.url);
    await append(running.eventLog, journey({ text: 'x'.repeat(100_000) }).inbound);
    const card = await until('the card', () => browser.seen.cards.get('message-001'));
    expect(card.steps[0]?.text.length).toBe(2001);
  });

  test('many changes at once are sent as one', async () => {
    await using browser = await watch(running.url);
    const records = Array.from({ length: 1500 }, (_, index) => journey({ name: String(index % 10) }).inbound);
    await running.eventLog.append(records);
    await until('the cards', () => browser.seen.cards.size === 10);
    expect(browser.seen.events).toBeLessThan(100);
  });
});

test('a browser that takes nothing gets nothing queued and is cut off after half a minute', async () => {
  const clock = new ManualClock();
  await using running = await runConsole({}, { clock });
  const stalled = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    request(`${running.url}/feed`, resolve).on('error', reject).end();
  });
  stalled.pause();
  let cut = false;
  stalled.on('close', () => {
    cut = true;
  });
  stalled.on('error', () => undefined);
  // More than the connection's buffers take: the texts differ, so every round changes every card.
  for (let round = 0; round < 60 && !cut; round++) {
    const records = Array.from({ length: 60 }, (_, index) => {
      const record = journey({ name: String(index), text: `${round} ${'x'.repeat(2000)}` }).inbound;
      return record;
    });
    await running.eventLog.append(records.map((record, index) => renamed(record, `${round}-${index}`)));
    await clock.advance(200);
  }
  await clock.advance(15_000);
  expect(cut).toBe(false);
  await clock.advance(45_000);
  stalled.resume();
  await until('the end of the connection', () => cut);
});

test('with the feed off nothing is read and the page says how to turn it on', async () => {
  await using running = await runConsole({ feed: false });
  expect((await fetch(`${running.url}/feed`)).status).toBe(404);
  expect(await (await fetch(running.url)).text()).toContain('CONSOLE_FEED=on');
});

test('a name that is not ours is refused, so that no other site can read the feed through its own', async () => {
  await using running = await runConsole({ hosts: ['tributary.internal'] });
  const statusFor = (host: string, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request(running.url + path, { headers: { host } }, (response) => {
        response.destroy();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  for (const path of ['/', '/feed', '/console/start-page.js']) {
    expect(await statusFor('evil.example', path)).toBe(421);
    expect(await statusFor('localhost.evil.example:8080', path)).toBe(421);
    for (const host of ['localhost:1', '127.0.0.1:1', '[::1]:1', 'tributary.internal']) {
      expect(await statusFor(host, path)).toBe(200);
    }
  }
});

test('the page allows no inline script, and links are text even when hostile', async () => {
  await using running = await runConsole({ supportAddress: `"><script>alert('x')</script>` });
  const response = await fetch(running.url);
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain('unsafe');
  const page = await response.text();
  expect(page).not.toMatch(/<script>|style=|\son\w+=/);
  expect(page.match(/<script/g)?.length).toBe(3);
});

test('the page names the ports that are really used', async () => {
  await using running = await runConsole({ smtpPort: 2626, grpcPort: 50052, chatUrl: 'http://127.0.0.1:8081' });
  const response = await fetch(running.url);
  const page = await response.text();
  expect(page).toContain('SMTP_PORT=2626 npm run tributary -- send email');
  expect(page).toContain('swaks --server localhost:2626');
  expect(page).toContain('GRPC_PORT=50052 npm run tributary -- tickets list');
  expect(page).toContain('src="http://127.0.0.1:8081/chat/v1/widget.js"');
  expect(response.headers.get('content-security-policy')).toContain(
    "connect-src 'self' http://127.0.0.1:8081 ws://127.0.0.1:8081",
  );
});

function renamed(record: ReturnType<typeof journey>['inbound'], id: string) {
  const message = topics.inbound.codec.decode(record.value);
  return { ...record, value: topics.inbound.codec.encode({ ...message, id }).finish() };
}
