import { Automatic, Visibility } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { expect, onTestFinished, test } from 'vitest';
import { createTelegramChannel } from '../src/telegram/channel.ts';
import { person, pollingBot, secretToken, token, webhookBot } from './telegram-provider.ts';
import { openWorld } from './world.ts';

const mei = person(501);
const jo = person(502);
const group = { id: -100123, type: 'supergroup', title: 'Robot owners' } as const;

async function openTelegram() {
  const telegram = await startTelegramSimulator({ token });
  onTestFinished(() => telegram[Symbol.asyncDispose]());
  return telegram;
}

async function polled() {
  const telegram = await openTelegram();
  const world = await openWorld();
  const replica = () => world.run((dependencies) => createTelegramChannel([pollingBot(telegram.url)], dependencies));
  const { gateway } = await replica();
  return { telegram, world, replica, gateway };
}

test('an update is confirmed to Telegram only when its message is in the log', async () => {
  const { telegram, world, gateway } = await polled();
  world.state.logFails = true;
  telegram.write(mei, { text: 'My battery smokes' });
  await until('a try', () => gateway.providerProblems().length > 0);
  expect(telegram.unconfirmed).toHaveLength(1);
  world.state.logFails = false;
  await world.passing('the message', () => world.inbound.length === 1);
  await until('its confirmation', () => telegram.unconfirmed.length === 0);
  expect(gateway.providerProblems()).toEqual([]);
});

test('of two replicas one polls; when it stops the other goes on at once', async () => {
  const { telegram, world, replica, gateway } = await polled();
  await until('a poll', () => telegram.calls('getUpdates') > 0);
  const second = await replica();
  telegram.write(mei, { text: 'one' });
  await world.passing('the first message', () => world.inbound.length === 1);
  const laterMs = world.clock.now() + 5 * 60_000;
  await world.passing('five minutes', () => world.clock.now() >= laterMs, 5000);
  expect(telegram.conflicts).toBe(0);
  expect(second.gateway.providerProblems()).toEqual([]);
  await gateway.stop();
  telegram.write(mei, { text: 'two' });
  await world.passing('the second message', () => world.inbound.length === 2);
  expect(telegram.conflicts).toBe(0);
});

test('a program that polls the same bot elsewhere is shown as a problem, and no message is lost', async () => {
  const { telegram, world, gateway } = await polled();
  await until('a poll', () => telegram.calls('getUpdates') > 0);
  await until('a conflict', async () => {
    await fetch(`${telegram.url}/bot${token}/getUpdates?timeout=0`);
    return telegram.conflicts > 0;
  });
  await until('the problem', () => gateway.providerProblems()[0]?.includes('terminated by other getUpdates'));
  telegram.write(mei, { text: 'Hello' });
  await world.passing('the message', () => world.inbound.length === 1);
  expect(gateway.providerProblems()).toEqual([]);
});

test('a webhook left over from before is removed from a bot that is polled', async () => {
  const telegram = await openTelegram();
  await fetch(`${telegram.url}/bot${token}/setWebhook?url=http://127.0.0.1:9/old`);
  expect(telegram.webhook?.url).toBe('http://127.0.0.1:9/old');
  telegram.write(mei, { text: 'Hello' });
  const world = await openWorld();
  await world.run((dependencies) => createTelegramChannel([pollingBot(telegram.url)], dependencies));
  await world.passing('the message', () => world.inbound.length === 1);
  expect(telegram.webhook).toBeUndefined();
});

test('with a public address the webhook registers itself, and Telegram’s calls reach the log', async () => {
  const telegram = await openTelegram();
  const publicUrl = 'http://127.0.0.1:1';
  const world = await openWorld({ publicUrl });
  const { url } = await world.run((dependencies) => createTelegramChannel([webhookBot(telegram.url)], dependencies));
  await until('the webhook', () => telegram.webhook !== undefined);
  expect(telegram.webhook).toEqual({ url: `${publicUrl}/channels/telegram/support`, secretToken });
  const query = new URLSearchParams({ url: `${url}/channels/telegram/support`, secret_token: secretToken });
  await fetch(`${telegram.url}/bot${token}/setWebhook?${query}`);
  telegram.write(mei, { text: 'Hello' });
  expect(await world.arrived(1)).toMatchObject({ text: 'Hello' });
  await until('its confirmation', () => telegram.unconfirmed.length === 0);
});

test('a message names its writer, their language and what it answers', async () => {
  const { telegram, world } = await polled();
  const first = telegram.write(mei, { text: 'Hello' });
  telegram.write(mei, { text: 'and?', reply_to_message: { message_id: first.message_id, from: mei } });
  expect(await world.arrived(2)).toMatchObject({
    account: 'support',
    providerMessageId: '501/2',
    references: ['501/1'],
    conversationKey: 'telegram:support:501',
    sender: { kind: 'telegram', address: '501', displayName: 'Mei Lin' },
    languageHint: 'zh-hans',
    visibility: Visibility.VISIBILITY_PRIVATE,
    attributes: { username: 'mei501' },
  });
});

test.each([
  ['photo', 'image/jpeg'],
  ['video', 'video/mp4'],
  ['voice', 'audio/ogg'],
  ['audio', 'audio/mpeg'],
  ['document', 'application/pdf'],
  ['sticker', 'image/webp'],
])('a %s is kept with its message', async (kind, mediaType) => {
  const { telegram, world } = await polled();
  const file = telegram.keep(Buffer.from(`the ${kind}`), 'file');
  const small = telegram.keep(Buffer.from('too small to see'), 'small');
  const content: Record<string, unknown> = {
    photo: [
      { ...file, width: 1280, height: 960 },
      { ...small, width: 90, height: 67 },
    ],
    document: { ...file, mime_type: 'application/pdf', file_name: '../invoice.pdf' },
    sticker: { ...file, emoji: '🔋', is_animated: false, is_video: false },
  };
  telegram.write(mei, { [kind]: content[kind] ?? file, caption: 'Look' });
  const { text, attachments, refusals } = await world.arrived(1);
  expect(refusals).toEqual([]);
  expect(attachments).toHaveLength(1);
  expect(attachments[0]).toMatchObject({ blob: { mediaType }, name: kind === 'document' ? 'invoice.pdf' : '' });
  expect(await world.content(attachments[0]?.blob?.key)).toBe(`the ${kind}`);
  expect(text).toBe('Look');
});

test('a file that is larger than Telegram gives, or that it does not give for two minutes, is refused with the reason', async () => {
  const { telegram, world } = await polled();
  const large = { ...telegram.keep(Buffer.from('x'), 'film.mp4'), file_size: 21 * 1024 * 1024 };
  telegram.write(mei, { video: large, caption: 'Look' });
  expect(await world.arrived(1)).toMatchObject({ text: 'Look', attachments: [], refusals: [{ what: 'video/mp4' }] });

  telegram.behave('down');
  telegram.write(mei, { voice: telegram.keep(Buffer.from('x'), 'voice.oga') });
  telegram.write(mei, { text: 'the next' });
  await world.passing('both', () => world.inbound.length === 3, 5000);
  expect(world.inbound[1]?.refusals[0]?.reason).toContain('Telegram does not give it');
  expect(world.inbound[2]?.text).toBe('the next');
});

test('a file that cannot be had for a moment is there in the end', async () => {
  const { telegram, world, gateway } = await polled();
  telegram.behave('down');
  telegram.write(mei, { voice: telegram.keep(Buffer.from('hello'), 'voice.oga') });
  await until('a try', () => gateway.providerProblems().length > 0);
  telegram.behave('well');
  await world.passing('the message', () => world.inbound.length === 1);
  expect(world.inbound[0]?.attachments).toHaveLength(1);
});

test('a location is text and attributes', async () => {
  const { telegram, world } = await polled();
  telegram.write(mei, { location: { latitude: 52.52, longitude: 13.405 } });
  expect(await world.arrived(1)).toMatchObject({
    text: 'https://www.openstreetmap.org/?mlat=52.52&mlon=13.405',
    attributes: { latitude: '52.52', longitude: '13.405' },
  });
});

test('an edit is a message of its own that says so', async () => {
  const { telegram, world } = await polled();
  const message = telegram.write(mei, { text: 'It is hot' });
  const first = await world.arrived(1);
  telegram.edit(message, { text: 'It is on fire' });
  const edit = await world.arrived(2);
  expect(edit).toMatchObject({ text: '(edited) It is on fire', attributes: { edited_message_id: '501/1' } });
  expect(edit.id).not.toBe(first.id);
  expect(edit.conversationKey).toBe(first.conversationKey);
});

test('in a group only what is for the bot is taken, each member being a conversation, for all to see', async () => {
  const { telegram, world } = await polled();
  const mention = { type: 'mention', offset: 0, length: 22 };
  telegram.write(mei, { text: 'Nice weather' }, group);
  telegram.write(mei, { text: '@Tributary_Support_Bot help', entities: [mention] }, group);
  telegram.write(jo, { text: '@somebody_else please', entities: [{ ...mention, length: 14 }] }, group);
  telegram.write(jo, { text: 'me too', reply_to_message: { message_id: 9, from: telegram.bot } }, group);
  const command = { type: 'bot_command', offset: 0, length: 27 };
  telegram.write(jo, { text: '/help@tributary_support_bot', entities: [command] }, group);
  await world.arrived(3);
  telegram.write(mei, { text: 'the last' });
  await world.arrived(4);
  expect(world.inbound.map(({ text }) => text)).toEqual([
    '@Tributary_Support_Bot help',
    'me too',
    '/help@tributary_support_bot',
    'the last',
  ]);
  expect(world.inbound[0]).toMatchObject({
    visibility: Visibility.VISIBILITY_PUBLIC,
    conversationKey: 'telegram:support:-100123:501',
    attributes: { chat_title: 'Robot owners' },
  });
  expect(world.inbound[1]?.conversationKey).toBe('telegram:support:-100123:502');
});

test('a pressed button says its data and is answered, polled or called', async () => {
  const { telegram, world } = await polled();
  const id = telegram.press(mei, 'solved:yes');
  expect(await world.arrived(1)).toMatchObject({ text: 'solved:yes', references: ['501/1'] });
  await until('the answer', () => telegram.answeredCallbacks.includes(id));

  const { url } = await world.run((dependencies) => createTelegramChannel([webhookBot(telegram.url)], dependencies));
  const query = { id: '77', from: mei, message: { message_id: 1, chat: { id: 501, type: 'private' } }, data: 'no' };
  const response = await fetch(`${url}/channels/telegram/support`, {
    method: 'POST',
    headers: { 'x-telegram-bot-api-secret-token': secretToken, 'content-type': 'application/json' },
    body: JSON.stringify({ update_id: 5, callback_query: query }),
  });
  expect(await response.json()).toEqual({ method: 'answerCallbackQuery', callback_query_id: '77' });
  expect(await world.arrived(2)).toMatchObject({ text: 'no' });
});

test('what bots write is automatic, and who opens or leaves the bot says nothing', async () => {
  const { telegram, world } = await polled();
  telegram.offer({ my_chat_member: { chat: { id: 501, type: 'private' }, from: mei, date: 1, new_chat_member: {} } });
  telegram.write(mei, { text: '/start' });
  const mention = { type: 'mention', offset: 0, length: 22 };
  telegram.write(
    { id: 9, first_name: 'Bot', is_bot: true },
    { text: '@tributary_support_bot hi', entities: [mention] },
    group,
  );
  telegram.write(telegram.bot, { text: '@tributary_support_bot me', entities: [mention] }, group);
  await world.arrived(2);
  const automatic = new Map(world.inbound.map((message) => [message.sender?.address, message.automatic]));
  expect(automatic).toEqual(
    new Map([
      ['9', Automatic.AUTOMATIC_GENERATED],
      [String(telegram.bot.id), Automatic.AUTOMATIC_OWN],
    ]),
  );
});

test('an update that is not as the Bot API says keeps nothing back', async () => {
  const { telegram, world } = await polled();
  telegram.offer({ message: { message_id: 'seven', chat: null } });
  telegram.write(mei, { text: 'the next' });
  expect(await world.arrived(1)).toMatchObject({ text: 'the next' });
});
