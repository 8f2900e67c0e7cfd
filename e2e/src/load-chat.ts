import { ChatCustomer } from './chat-customer.ts';
import type { MessageBook } from './message-book.ts';
import { pause } from './pause.ts';
import { phrase } from './phrases.ts';
import type { Random } from './random.ts';

export interface ChatLoadOptions {
  /** The gateway's WebSocket. */
  readonly url: string;
  readonly site: string;
  readonly book: MessageBook;
  readonly random: Random;
  /** Customers who write at the same time. */
  readonly writers: number;
  /** Aborts when nothing new is to be written; what is begun goes on until it is acknowledged. */
  readonly stopWriting: AbortSignal;
  /** Aborts when even that is to end. */
  readonly giveUp: AbortSignal;
}

/** Lines a customer writes without any of them being acknowledged. */
const mostOpen = 5;

/**
 * Customers who chat: several lines each, some at once without waiting for the acknowledgement, some with a connection that
 * breaks now and then.
 * @returns every customer, still connected, when everything is acknowledged or given up.
 */
export async function loadChat(options: ChatLoadOptions): Promise<ChatCustomer[]> {
  const customers: ChatCustomer[] = [];
  const writers = Array.from({ length: options.writers }, (_, index) =>
    chatOn({ ...options, random: options.random.fork(`chatter ${index}`) }, customers),
  );
  await Promise.all(writers);
  while (customers.some(({ openCount }) => openCount > 0) && !options.giveUp.aborted) await pause(50, options.giveUp);
  return customers;
}

async function chatOn(options: ChatLoadOptions, customers: ChatCustomer[]): Promise<void> {
  const { random, stopWriting } = options;
  while (!stopWriting.aborted) {
    const customer = new ChatCustomer(`chat ${customers.length + 1}`, options);
    customers.push(customer);
    const length = random.between(3, 20);
    for (let number = 1; number <= length && !stopWriting.aborted; number++) {
      // Whoever sees nothing acknowledged stops writing after a while.
      while (customer.openCount >= mostOpen && !stopWriting.aborted) await pause(100, stopWriting);
      customer.write(`${phrase(random)} (${customer.conversation}, line ${number})`);
      if (random.chance(0.05)) customer.dropConnection();
      // A third of the lines are sent right behind the one before.
      if (random.chance(0.66)) await pause(random.between(20, 600), stopWriting);
    }
    await pause(random.between(50, 500), stopWriting);
  }
}
