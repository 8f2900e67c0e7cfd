import { encodeEvent, InboundMessage, Signal, SignalKind, topics, Visibility } from '@tributary/contracts';
import { until } from '@tributary/testing';
import { startTelegramSimulator } from '@tributary/testing/simulators/telegram';
import { expect, onTestFinished, test } from 'vitest';
import { createTelegramChannel } from '../src/telegram/channel.ts';
import { person, pollingBot, token } from './telegram-provider.ts';
import { openWorld } from './world.ts';

const mei = person(501);
const group = { id: -100123, type: 'group', title: 'Robot owners' } as const;
const mention = { type: 'mention', offset: 0, length: 22 };

async function open(theirToken = token) {
  const telegram = await startTelegramSimulator({ token: theirToken });
  onTestFinished(() => telegram[Symbol.asyncDispose]());
  const world = await openWorld();
  const { gateway } = await world.run((dependencies) =>
    createTelegramChannel([pollingBot(telegram.url)], dependencies),
  );
  return {
    telegram,
    world,
    gateway,
    async write(chat?: typeof group) {
      telegram.write(mei, { text: '@tributary_support_bot help', entities: [mention] }, chat);
      return world.arrived(world.inbound.length + 1);
    },
    outcome: () => world.passing('the outcome', () => world.deliveries.length > 0),
  };
}

test('a long answer goes out in parts of at most 4,096, in order, at one a second after a short burst', async () => {
  const { telegram, world, write } = await open();
  const text = Array.from({ length: 2600 }, (_, index) => `word${index}`).join(' ');
  await world.answer(await write(), { text });
  const startMs = world.clock.now();
  await world.passing('all parts', () => world.deliveries.length > 0);
  const parts = telegram.received(501).map((sent) => sent.text);
  expect(parts.length).toBe(6);
  expect(Math.max(...parts.map((part) => part.length))).toBeLessThanOrEqual(4096);
  expect(parts.join(' ')).toBe(text);
  expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(3000);
});

test('an answer quotes the message it answers; a short one is the caption of its only file', async () => {
  const { telegram, world, write } = await open();
  const photo = await world.attachment(Buffer.from('jpeg'), 'image/jpeg', 'plug.jpg');
  await world.answer(await write(), { text: 'Pull this', attachments: [photo] });
  await world.passing('the delivery', () => world.deliveries.length > 0);
  expect(telegram.received(501)).toMatchObject([
    { method: 'sendPhoto', text: 'Pull this', replyTo: 1, file: { name: 'plug.jpg', bytes: Buffer.from('jpeg') } },
  ]);
  expect(world.deliveries[0]?.providerMessageId).toBe('501/2');
});

test('files go as what Telegram shows best', async () => {
  const { telegram, world, write } = await open();
  const types = ['image/png', 'video/mp4', 'audio/mpeg', 'audio/ogg', 'application/pdf'];
  const attachments = await Promise.all(types.map((type) => world.attachment(Buffer.from(type), type, 'file')));
  await world.answer(await write(), { text: 'All of them', attachments });
  await world.passing('the delivery', () => world.deliveries.length > 0);
  expect(telegram.received(501).map(({ method }) => method)).toEqual([
    'sendMessage',
    'sendPhoto',
    'sendVideo',
    'sendAudio',
    'sendVoice',
    'sendDocument',
  ]);
});

test('when a file fails for a moment the text before it is not sent again', async () => {
  const { telegram, world, write } = await open();
  const attachments = [
    await world.attachment(Buffer.from('a'), 'application/pdf', 'a.pdf'),
    await world.attachment(Buffer.from('b'), 'application/pdf', 'b.pdf'),
  ];
  const message = await write();
  telegram.failNext('sendDocument', 500, 'Internal Server Error');
  await world.answer(message, { text: 'Both', attachments });
  await world.passing('the delivery', () => world.deliveries.length > 0);
  expect(telegram.received(501).map(({ text, file }) => file?.name ?? text)).toEqual(['Both', 'a.pdf', 'b.pdf']);
});

test('in a group a public answer quotes its question there, a private one goes to the member', async () => {
  const { telegram, world, write } = await open();
  telegram.write(mei, { text: 'Hello' });
  await world.arrived(1);
  const message = await write(group);
  await world.answer(message, { text: 'for all' });
  await world.answer(message, { text: 'for you', visibility: Visibility.VISIBILITY_PRIVATE });
  await world.passing('both', () => world.deliveries.length === 2);
  expect(telegram.received(group.id)).toMatchObject([{ text: 'for all', replyTo: 1 }]);
  const [private_] = telegram.received(501);
  expect(private_).toMatchObject({ text: 'for you' });
  expect(private_?.replyTo).toBeUndefined();
});

test('a group that became a supergroup is still answered', async () => {
  const { telegram, world, write } = await open();
  const message = await write(group);
  telegram.migrate(group.id, -100999);
  await world.answer(message, { text: 'still here' });
  await world.passing('the delivery', () => world.deliveries.length > 0);
  expect(telegram.received(-100999)).toMatchObject([{ text: 'still here' }]);
});

test('a customer who blocked the bot, and a chat that is unknown, are permanent failures with Telegram’s words', async () => {
  const { telegram, world, write, outcome } = await open();
  const message = await write();
  telegram.block(501);
  await world.answer(message, { text: 'Hello?' });
  await outcome();
  await world.answer({ ...message, conversationKey: 'telegram:support:404' }, { text: 'Hello?' });
  await world.passing('the second', () => world.deliveries.length === 2);
  expect(world.deliveries).toMatchObject([
    { status: 4, providerCode: '403', reason: 'Forbidden: bot was blocked by the user' },
    { status: 4, providerCode: '400', reason: 'Bad Request: chat not found' },
  ]);
});

test('a wrong token makes the account unavailable, and the answer waits for it', async () => {
  const { world, gateway } = await open('7000000002:another');
  const conversationKey = 'telegram:support:501';
  const message = InboundMessage.fromPartial({ channel: 'telegram', account: 'support', conversationKey });
  await world.answer(message, { text: 'Hello', visibility: 1 });
  await world.passing('the problem', () =>
    gateway.providerProblems().some((problem) => problem.includes('refuses the token')),
  );
  expect(world.deliveries).toEqual([]);
});

test('without an answer to a request that was written the message is in doubt and not repeated', async () => {
  const { telegram, world, write, outcome } = await open();
  const message = await write();
  telegram.behave('silent');
  await world.answer(message, { text: 'Hello' });
  await until('the request', () => telegram.received(501).length === 1);
  await telegram[Symbol.asyncDispose]();
  await outcome();
  expect(world.deliveries).toMatchObject([{ status: 5 }]);
});

test('an agent who types is shown as typing', async () => {
  const { telegram, world, write } = await open();
  const { conversationKey } = await write();
  const signal = Signal.fromPartial({
    conversationKey,
    channel: 'telegram',
    kind: SignalKind.SIGNAL_KIND_TYPING_STARTED,
    fromAgent: true,
    time: new Date(world.clock.now()),
  });
  await world.eventLog.append([encodeEvent(topics.signals, signal, 'test')]);
  await until('the action', () => telegram.actions.length === 1);
  expect(telegram.actions).toEqual([{ chatId: 501, action: 'typing' }]);
});
