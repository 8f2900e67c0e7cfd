import { findChromium } from '@tributary/testing/servers';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { append, journey } from './journey.ts';
import { runConsole } from './running-console.ts';

const executable = await findChromium((line) => process.stderr.write(`${line}\n`));
if (typeof executable !== 'string') {
  if (process.env['TRIBUTARY_REQUIRE_SERVERS'] === '1') throw new Error(executable.unavailable);
  process.stderr.write(`The tests that need Chromium do not run: ${executable.unavailable}\n`);
}

describe.skipIf(typeof executable !== 'string')('the start page in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: executable as string, args });
  });
  afterAll(() => browser?.close());

  async function open(url: string, options: Parameters<Browser['newPage']>[0] = {}) {
    const page = await browser.newPage(options);
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('dialog', (dialog) => faults.push(`dialog ${dialog.message()}`));
    // The widget belongs to the chat gateway, which does not run here.
    await page.route('**/chat/v1/widget.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await page.goto(url);
    return { page, faults, [Symbol.asyncDispose]: () => page.close() };
  }

  test('a card fills in as events come, in its place and without a reload', async () => {
    await using running = await runConsole();
    await using opened = await open(running.url);
    const { page, faults } = opened;
    await page.getByText('Connected').waitFor();
    const { inbound, ...rest } = journey();
    await append(running.eventLog, inbound);
    await page.getByRole('article', { name: 'New message Smoke from the battery' }).waitFor();
    const { delivered, ...most } = rest;
    await append(running.eventLog, journey({ name: '002' }).inbound, ...Object.values(most));
    const card = page.getByRole('article', { name: 'Ticket 20261122001' });
    await card.getByText('2 agents were looked at').click();
    await card.getByText('bob was left out: is away').waitFor();
    await append(running.eventLog, delivered);
    await card.getByText('Sent by email').waitFor();
    expect(await card.getByText('bob was left out: is away').isVisible(), 'what was open stays open').toBe(true);
    expect(await page.evaluate(() => document.activeElement?.tagName), 'the keyboard stays where it was').toBe(
      'SUMMARY',
    );
    await card.getByText("npm run tributary -- tickets reply 20261122001 --text 'Hello, …'").waitFor();
    expect(await page.locator('.card').count()).toBe(2);
    expect(await page.locator('.card').nth(1).getAttribute('data-card')).toBe('ticket-001');
    expect(faults).toEqual([]);
  });

  test('what a hostile customer writes is shown as text and does nothing', async () => {
    await using running = await runConsole();
    await using opened = await open(running.url);
    const { page, faults } = opened;
    const attack = '<img src=x onerror="alert(1)"><script>alert(2)</script><b>bold</b>';
    const hostile = journey({ subject: attack, text: attack, customer: attack });
    await append(running.eventLog, ...Object.values(hostile));
    await page.locator('.card blockquote').first().getByText(attack, { exact: true }).waitFor();
    expect(await page.locator('.card img, .card script, .card b').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test('after the server was away, the page begins anew by itself', async () => {
    const first = await runConsole();
    await append(first.eventLog, journey().inbound);
    await using opened = await open(first.url);
    const { page } = opened;
    await page.locator('[data-card="message-001"]').waitFor();
    await first[Symbol.asyncDispose]();
    await page.getByText('Lost the connection').waitFor();
    await using again = await runConsole({}, { port: Number(new URL(first.url).port) });
    await append(again.eventLog, journey({ name: '002' }).inbound);
    await page.locator('[data-card="message-002"]').waitFor();
    expect(await page.locator('.card').count()).toBe(1);
  });

  test('a command is copied by its button', async () => {
    await using running = await runConsole();
    await using opened = await open(running.url);
    const { page } = opened;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const button = page.locator('button[data-copy^="swaks"]');
    await button.click();
    await button.getByText('Copied').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('swaks --server localhost:2525');
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test(`axe finds nothing to complain about (${colorScheme})`, async () => {
      const names = ['twilio', 'telegram', 'wechat', 'weibo', 'app-store', 'google-play', 'feeds', 'webhook'];
      const simulators = Object.fromEntries(names.map((name) => [name, 'http://127.0.0.1:9']));
      await using running = await runConsole({ simulators });
      await using opened = await open(running.url, { colorScheme, bypassCSP: true });
      const { page } = opened;
      await append(running.eventLog, ...Object.values(journey()), journey({ name: '002', channel: 'chat' }).inbound);
      await page.locator('.card').nth(1).waitFor();
      await page.getByText('Sent by email').waitFor();
      await page.getByText('2 agents were looked at').click();
      await page.getByRole('heading', { name: 'Try each channel' }).waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.setViewportSize({ width: 360, height: 700 });
      expect(await axeViolations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth), 'no sideways scrolling').toBe(360);
    });
  }
});

async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe is a global of the page
    const { violations } = await (globalThis as any).axe.run();
    return violations.flatMap((one: { id: string; nodes: { html: string }[] }) =>
      one.nodes.map((node) => `${one.id}: ${node.html}`),
    );
  });
}
