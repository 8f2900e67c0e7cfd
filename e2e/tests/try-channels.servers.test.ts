import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStore } from '@tributary/blobstore/directory';
import { openEmbeddedStore } from '@tributary/docstore/embedded';
import { openEmbeddedLog } from '@tributary/eventlog/embedded';
import { createLogger, systemClock } from '@tributary/runtime';
import { createStandalone, startSimulators } from '@tributary/standalone';
import { findChromium, freePort } from '@tributary/testing/servers';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const executable = await findChromium((line) => process.stderr.write(`${line}\n`));
if (typeof executable !== 'string') {
  if (process.env['TRIBUTARY_REQUIRE_SERVERS'] === '1') throw new Error(executable.unavailable);
  process.stderr.write(`The tests that need Chromium do not run: ${executable.unavailable}\n`);
}

describe.skipIf(typeof executable !== 'string')('trying each channel on the start page', () => {
  const opened = new AsyncDisposableStack();
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-e2e-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const eventLog = opened.use(await openEmbeddedLog({ folder: join(folder, 'log') }));
    const docStore = opened.use(await openEmbeddedStore({ folder: join(folder, 'documents') }));
    const blobStore = opened.use(await openDirectoryStore({ folder: join(folder, 'blobs') }));
    const httpPort = await freePort();
    const ownUrl = `http://127.0.0.1:${httpPort}`;
    const simulators = await startSimulators({}, { phone: ownUrl, social: ownUrl });
    opened.defer(() => simulators.stop());
    const system = await createStandalone({
      ...{ eventLog, docStore, blobStore, clock: systemClock, logger: createLogger('e2e', 'error') },
      ...{ host: '127.0.0.1', httpPort, grpcPort: 0 },
      environment: {
        ...{ HOST: '127.0.0.1', SMTP_PORT: '0', EMAIL_OUT: `file:${join(folder, 'outbox')}`, PUBLIC_URL: ownUrl },
        ...{ ROUTER_SEED_PRESENCE: 'online', ...simulators.environment },
      },
    });
    await system.start();
    opened.defer(() => system.stop());
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    browser = await chromium.launch({ executablePath: executable as string, args });
    page = await browser.newPage();
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(ownUrl);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await opened.disposeAsync();
    expect(faults).toEqual([]);
  }, 60_000);

  const place = (title: string) =>
    page.getByRole('article').filter({ has: page.getByRole('heading', { name: title }) });

  for (const [title, acknowledged] of [
    ['Text message', /\d{8}\d{3}/],
    ['WhatsApp', /\d{8}\d{3}/],
    ['Telegram', /\d{8}\d{3}/],
    ['WeChat', /\d{8}\d{3}/],
    ['Any platform', /\d{8}\d{3}/],
    ['Weibo', /^public: .*请私信我们/],
  ] as const) {
    test(`${title}: what is written is answered where it was written`, async () => {
      const article = place(title);
      await article.getByRole('button', { name: 'Send' }).click();
      await article.locator('.said .us').first().waitFor({ timeout: 30_000 });
      expect(await article.locator('.said .us').first().textContent()).toMatch(acknowledged);
      expect(await article.locator('.said .fault').count()).toBe(0);
    }, 60_000);
  }

  for (const [title, subject] of [
    ['App Store', '★★★☆☆'],
    ['Google Play', '★★★★☆'],
    ['A blog', 'My Tributary scooter gives off smoke'],
  ] as const) {
    test(`${title}: what is written in public becomes a ticket`, async () => {
      const article = place(title);
      const stars = [...subject].filter((each) => each === '★').length;
      if (stars > 0) await article.getByLabel('Stars').selectOption(String(stars));
      await article.getByRole('button', { name: 'Send' }).click();
      await page.locator('.card').filter({ hasText: subject }).first().waitFor({ timeout: 30_000 });
      expect(await article.locator('.said .fault').count()).toBe(0);
    }, 60_000);
  }

  test('a call goes through the menus by the keypad, an agent takes it, and what the caller says is heard', async () => {
    const hotline = place('Call the hotline');
    const press = async (key: string, heard: number) => {
      await hotline.getByRole('button', { name: key, exact: true }).click();
      await hotline.locator('.said .us').nth(heard).waitFor();
    };
    await hotline.getByRole('button', { name: 'Call', exact: true }).click();
    await hotline.locator('.said .us').first().waitFor();
    await press('1', 1);
    await press('1', 2);
    await press('1', 3);
    await hotline.getByRole('button', { name: 'Take the call as the agent' }).click({ timeout: 30_000 });
    await hotline.getByText(/takes the call/).waitFor();
    await hotline.getByLabel('Your voice').fill('My kettle is dead');
    await hotline.getByRole('button', { name: 'Say' }).click();
    await hotline.getByRole('button', { name: 'Hang up' }).click();
    await hotline.getByText('The call is completed.').waitFor();
    await page.getByRole('article').filter({ hasText: 'phone' }).first().waitFor();
    expect(await hotline.locator('.said .fault').count()).toBe(0);
  }, 90_000);
});
