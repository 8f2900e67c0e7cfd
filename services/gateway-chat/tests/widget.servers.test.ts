import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { DeliveryStatus, encodeEvent, SignalKind, topics } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { findChromium } from '@tributary/testing/servers';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  deliveriesOf,
  inboundOf,
  openStores,
  outboundMessage,
  publish,
  type Replica,
  type Stores,
  startReplica,
} from './chat-harness.ts';

const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const picture = fileURLToPath(new URL('./fixtures/battery.png', import.meta.url));

let browser: Browser;
let stores: Stores;
let replica: Replica;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  const executablePath = await findChromium((line) => process.stderr.write(`${line}\n`));
  if (typeof executablePath !== 'string') throw new Error(`no browser: ${executablePath.unavailable}`);
  browser = await chromium.launch({ executablePath, args: launchArguments });
});

afterAll(() => browser?.close());

beforeEach(async () => {
  stores = await openStores();
  replica = await startReplica(stores);
  context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1100, height: 800 } });
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
  faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // Being offline shows as failed requests; everything else, and every breach of the page's policy, is a fault.
    if (message.type() === 'error' && !/ERR_|WebSocket connection/.test(message.text())) faults.push(message.text());
  });
});

afterEach(async () => {
  expect(faults).toEqual([]);
  await context.close();
  await replica[Symbol.asyncDispose]();
  await stores[Symbol.asyncDispose]();
});

const demo = (query = '') => `http://127.0.0.1:${replica.port}/chat/v1/demo${query}`;
const own = (text: string) => page.getByRole('listitem').filter({ hasText: text });

async function openChat(): Promise<void> {
  await page.goto(demo());
  await page.getByRole('button', { name: 'Open chat' }).click();
}

async function write(text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

/** The session of the one visitor there is, as the log knows it. */
async function sessionId(inbound: Awaited<ReturnType<typeof inboundOf>>): Promise<string> {
  const message = await until('a message in the log', () => inbound[0]);
  return message.sender?.address ?? '';
}

async function axeViolations(): Promise<unknown[]> {
  // The page's policy forbids scripts of others: this one comes through the debugger.
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { resultTypes: ['violations'] });
    return violations.map(({ id, nodes }) => ({ id, nodes: nodes.map((node) => [node.html, node.failureSummary]) }));
  });
}

test('a visitor writes, is answered, reloads and finds everything again', async () => {
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  await write('My battery does not charge');
  await own('My battery').getByText('Sent').waitFor();
  const session = await sessionId(inbound);
  expect(inbound[0]).toMatchObject({
    text: 'My battery does not charge',
    languageHint: 'en-GB',
    attributes: { page_url: demo() },
  });
  await publish(stores.eventLog, outboundMessage(session, 'Please see https://shop.example/charge.'));
  await page.getByRole('listitem').filter({ hasText: 'Mei' }).getByText('Please see').waitFor();
  expect(await page.getByRole('link', { name: 'shop.example' }).getAttribute('href')).toBe(
    'https://shop.example/charge',
  );
  await own('My battery').getByText('Read').waitFor();

  await page.reload();
  await page.getByRole('button', { name: 'Open chat' }).click();
  await page.getByText('Please see').waitFor();
  expect(await page.getByRole('list').getByRole('listitem').count()).toBe(2);
});

test('what is written offline is sent once, in order, when the network is back, also after a reload', async () => {
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  await write('one');
  await own('one').getByText('Sent').waitFor();
  await context.setOffline(true);
  replica.cutConnections();
  await page.getByText('You are offline').waitFor();
  await write('two');
  await write('three');
  await own('three').getByText('Sending').waitFor();
  const session = await sessionId(inbound);
  await publish(stores.eventLog, outboundMessage(session, 'answered meanwhile'));
  await context.setOffline(false);
  await own('three').getByText('Sent').waitFor();
  await page.getByText('answered meanwhile').waitFor();
  expect(inbound.map((message) => message.text)).toEqual(['one', 'two', 'three']);
  expect(await page.locator('.messages .text').allTextContents()).toEqual([
    'one',
    'answered meanwhile',
    'two',
    'three',
  ]);

  // Once more, and the page is gone before the network is back.
  await context.setOffline(true);
  replica.cutConnections();
  await page.getByText('You are offline').waitFor();
  await write('four');
  await own('four').getByText('Sending').waitFor();
  await page.goto('about:blank');
  await context.setOffline(false);
  await page.goto(demo());
  await until('the fourth in the log', () => inbound.length === 4);
  expect(inbound[3]?.text).toBe('four');
});

test('a server that goes away for a while loses nothing', async () => {
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  await write('before');
  await own('before').getByText('Sent').waitFor();
  const { port } = replica;
  await replica[Symbol.asyncDispose]();
  await page.getByText('You are offline').waitFor();
  await write('during');
  replica = await startReplica(stores, { port });
  await own('during').getByText('Sent').waitFor();
  expect(inbound.map((message) => message.text)).toEqual(['before', 'during']);
});

test('I5: a picture is chosen, shown, sent and shown again after a reload', async () => {
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add a picture or file' }).click();
  await (await chooser).setFiles(picture);
  await page.locator('.files canvas').waitFor();
  await page.getByLabel('Your message').fill('This one');
  await page.getByRole('button', { name: 'Send' }).click();
  await own('This one').getByText('Sent').waitFor();
  await page.locator('.messages .picture canvas').waitFor();
  const message = await until('the message in the log', () => inbound[0]);
  expect(message.attachments).toMatchObject([{ name: 'battery.png', blob: { mediaType: 'image/png' } }]);

  await page.reload();
  await page.getByRole('button', { name: 'Open chat' }).click();
  const drawn = page.locator('.messages .picture canvas');
  await drawn.waitFor();
  const colour = await drawn.evaluate((canvas) =>
    Array.from((canvas as HTMLCanvasElement).getContext('2d')?.getImageData(10, 10, 1, 1).data ?? []),
  );
  expect(colour).toEqual([201, 122, 43, 255]);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save battery.png' }).click();
  expect((await download).suggestedFilename()).toBe('battery.png');

  const second = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add a picture or file' }).click();
  await (await second).setFiles({ name: 'notes.exe', mimeType: 'image/png', buffer: Buffer.from('MZ and so on') });
  await page.getByText('notes.exe: Files of this kind cannot be sent.').waitFor();
  // The refusal itself shows on the console.
  faults = faults.filter((fault) => !fault.includes('415'));
});

test('with the keyboard alone, and the focus goes where it is expected', async () => {
  await page.goto(demo());
  const launcher = page.getByRole('button', { name: 'Open chat' });
  await launcher.focus();
  expect(await launcher.getAttribute('aria-expanded')).toBe('false');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Chat with us' }).waitFor();
  await page.keyboard.type('first line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('second line');
  await page.keyboard.press('Enter');
  await own('first line').getByText('Sent').waitFor();
  expect(await page.locator('.messages .text').textContent()).toBe('first line\nsecond line');
  expect(await page.getByLabel('Your message').inputValue()).toBe('');
  await page.keyboard.press('Shift+Tab');
  await expect.poll(() => page.locator('.chat :focus').getAttribute('aria-label')).toBe('Add a picture or file');
  await page.keyboard.press('Escape');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await expect.poll(() => page.locator('.chat :focus').getAttribute('aria-label')).toBe('Open chat');
});

test('an answer while the chat is closed shows as a badge and is read out', async () => {
  const deliveries = await deliveriesOf(stores.eventLog);
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  await write('hello');
  const session = await sessionId(inbound);
  await page.getByRole('dialog').getByRole('button', { name: 'Close chat' }).click();
  await publish(stores.eventLog, outboundMessage(session, 'one answer'), outboundMessage(session, 'another answer'));
  await page.getByRole('button', { name: 'Open chat, 2 new messages' }).waitFor();
  expect(await page.locator('.badge').textContent()).toBe('2');
  expect(await page.getByRole('status').filter({ hasText: '2 new messages' }).count()).toBe(1);
  await page.reload();
  await page.getByRole('button', { name: 'Open chat, 2 new messages' }).click();
  await page.getByText('another answer').waitFor();
  await page.locator('.badge').waitFor({ state: 'hidden' });
  const read = DeliveryStatus.DELIVERY_STATUS_READ;
  await until('both read', () => deliveries.filter((delivery) => delivery.status === read).length === 2);
  await page.reload();
  await page.getByRole('button', { name: 'Open chat', exact: true }).waitFor();
});

test('two tabs show one conversation', async () => {
  await openChat();
  await write('from the first tab');
  await own('from the first tab').getByText('Sent').waitFor();
  const second = await context.newPage();
  await second.goto(demo());
  await second.getByRole('button', { name: 'Open chat' }).click();
  await second.getByText('from the first tab').waitFor();
  await second.getByLabel('Your message').fill('from the second tab');
  await second.keyboard.press('Enter');
  await page.getByText('from the second tab').waitFor();
});

test('who typed and who they are reach us, and our typing reaches them', async () => {
  const inbound = await inboundOf(stores.eventLog);
  await openChat();
  await page.getByText('Tell us who you are').click();
  await page.getByLabel('Name').fill('Ada');
  await page.getByLabel('Email').fill('ada@');
  await page.getByLabel('Your message').click();
  await page.getByText('This does not look like an email address').waitFor();
  await page.getByLabel('Email').fill('ada@shop.example');
  await write('it is me');
  const session = await sessionId(inbound);
  expect(inbound[0]?.sender?.displayName).toBe('Ada');
  expect(inbound[0]?.participants[0]?.address).toBe('ada@shop.example');
  const conversationKey = `chat:${session}`;
  await stores.eventLog.append([
    encodeEvent(
      topics.signals,
      {
        conversationKey,
        channel: 'chat',
        ticketId: '',
        kind: SignalKind.SIGNAL_KIND_TYPING_STARTED,
        fromAgent: true,
        authorName: 'Mei',
        time: new Date(),
      },
      'test',
    ),
  ]);
  await page.getByText('Mei is typing').waitFor();
});

test.each([
  ['en', 'Open chat', 'Close chat'],
  ['zh-CN', '打开在线客服', '关闭聊天窗口'],
])('no accessibility violations, closed and open, with messages of every kind (%s)', async (language, open, close) => {
  const inbound = await inboundOf(stores.eventLog);
  await page.goto(demo(`?lang=${language}`));
  await page.getByRole('button', { name: open }).waitFor();
  expect(await axeViolations()).toEqual([]);
  await page.getByRole('button', { name: open }).click();
  await page.locator('.picture, textarea').first().waitFor();
  await page.locator('input[type=file]').setInputFiles(picture);
  await page.locator('.files .name', { hasText: /^battery.png$/ }).waitFor();
  const chinese = language === 'zh-CN';
  await page
    .locator('textarea')
    .fill(chinese ? '电池充不进电，还有点发烫。' : 'The battery does not charge and gets warm.');
  await page.keyboard.press('Enter');
  const session = await sessionId(inbound);
  await publish(
    stores.eventLog,
    outboundMessage(
      session,
      chinese ? '我们已收到您的消息，工单号 20261122001。' : 'We have your message. Your number is 20261122001.',
      { purpose: 2, authorName: '' },
    ),
    outboundMessage(
      session,
      chinese
        ? '您好，请先停止充电并取下电池。'
        : 'Hello! Please stop charging and take the battery out. Is the light on it red? See https://shop.example/heron/battery',
      { authorName: chinese ? '小美' : 'Mei' },
    ),
  );
  await page.locator('.agent').waitFor();
  await page.locator('.messages .picture canvas').waitFor();
  await context.setOffline(true);
  replica.cutConnections();
  await page.locator('.status[data-kind=offline]').waitFor();
  await page.locator('textarea').fill(chinese ? '是的，红灯亮着。' : 'Yes, it is red.');
  await page.keyboard.press('Enter');
  await page.locator('[data-state=sending]').waitFor();
  expect(await axeViolations()).toEqual([]);
  expect(await page.locator('.chat').getAttribute('lang')).toBe(language);
  await page.getByRole('dialog').getByRole('button', { name: close }).click();
  await context.setOffline(false);
});
