import type { CustomerMessage } from './history.ts';
import type { MessageBook } from './message-book.ts';
import { pause } from './pause.ts';
import { phrase } from './phrases.ts';
import { notFetched, type ProviderChannel, type ProviderMessage, type Providers } from './providers/index.ts';
import type { Random } from './random.ts';

export interface ProviderLoadOptions {
  readonly providers: Providers;
  readonly channels: readonly ProviderChannel[];
  readonly book: MessageBook;
  readonly random: Random;
  /** Customers who write at the same time, over all these channels; at least one on each. */
  readonly writers: number;
  /** Aborts when nothing new is to be written; what is begun goes on until it is acknowledged. */
  readonly stopWriting: AbortSignal;
  /** Aborts when even that is to end. */
  readonly giveUp: AbortSignal;
}

/**
 * Customers who write on every channel of a simulated provider: a few messages each where that can be, some before the one before
 * was acknowledged, some brought twice at once, some again later. Every message is brought again until it is acknowledged.
 * @returns when every message is acknowledged or given up.
 */
export async function loadProviders(options: ProviderLoadOptions): Promise<void> {
  const customers = { count: 0 };
  const { channels } = options;
  const perChannel = Math.ceil(options.writers / channels.length);
  const writers = channels.flatMap((channel) =>
    Array.from({ length: perChannel }, (_, index) =>
      writeOn(channel, { ...options, random: options.random.fork(`${channel} ${index}`) }, customers),
    ),
  );
  await Promise.all(writers);
}

async function writeOn(
  channel: ProviderChannel,
  options: ProviderLoadOptions,
  customers: { count: number },
): Promise<void> {
  const { random, stopWriting } = options;
  const underWay: Promise<void>[] = [];
  while (!stopWriting.aborted) {
    const customer = ++customers.count;
    const length = random.between(1, 5);
    for (let number = 1; number <= length && !stopWriting.aborted; number++) {
      const { isLast, sent } = write(channel, customer, number, options);
      underWay.push(sent);
      if (random.chance(0.7)) await sent;
      if (isLast) break;
      await pause(random.between(50, 500), stopWriting);
    }
    await pause(random.between(100, 1000) * (seldom.has(channel) ? 8 : 1), stopWriting);
  }
  await Promise.all(underWay);
}

/** Each of their messages is a ticket of its own. */
const seldom: ReadonlySet<ProviderChannel> = new Set(['weibo', 'app-store', 'google-play', 'feeds']);

function write(channel: ProviderChannel, customer: number, number: number, options: ProviderLoadOptions) {
  const { providers, book, random } = options;
  const conversation = `${channel} ${customer}`;
  const text = `${phrase(random)} (${conversation}, message ${number})`;
  const message = providers.write(channel, customer, text);
  // Telegram brings what was written in its order, whatever was confirmed.
  const pipelined = channel === 'telegram';
  const entry = book.add({ channel, conversation, providerId: message.providerId, text, pipelined });
  return { isLast: message.isLast === true, sent: bringOften(message, entry, options) };
}

async function bringOften(
  message: ProviderMessage,
  entry: CustomerMessage,
  options: ProviderLoadOptions,
): Promise<void> {
  const { random, giveUp } = options;
  await Promise.all([
    bring(message, entry, options),
    // As when the provider took our answer for lost.
    random.chance(0.1) ? bring(message, entry, options) : undefined,
  ]);
  if (!random.chance(0.1)) return;
  await pause(random.between(500, 5000), giveUp);
  await bring(message, entry, options);
}

async function bring(message: ProviderMessage, entry: CustomerMessage, options: ProviderLoadOptions): Promise<void> {
  const { book, random, giveUp } = options;
  try {
    while (!giveUp.aborted) {
      entry.sends += 1;
      const failure = await message.give();
      if (failure === undefined) return book.acknowledge(entry);
      if (failure !== notFetched) entry.failures.push(failure);
      await pause(random.between(100, 600), giveUp);
    }
  } catch (error) {
    book.refusals.push(`${entry.conversation} ${entry.providerId}: ${(error as Error).message}`);
  }
}
