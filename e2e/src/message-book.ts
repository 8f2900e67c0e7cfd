import type { CustomerMessage } from './history.ts';

/** Writes down what customers send, before they send it. */
export class MessageBook {
  readonly messages: CustomerMessage[] = [];
  /** What was refused though nothing was wrong with it. */
  readonly refusals: string[] = [];

  /** Opens the entry of a message that is about to be sent for the first time. */
  add(
    message: Pick<CustomerMessage, 'channel' | 'conversation' | 'providerId' | 'text' | 'pipelined' | 'onceOnly'>,
  ): CustomerMessage {
    const entry = { ...message, sentOrder: this.messages.length + 1, sentAtMs: Date.now(), sends: 0, failures: [] };
    this.messages.push(entry);
    return entry;
  }

  /** Notes an acknowledgement; only the first of a message counts. */
  acknowledge(message: CustomerMessage): void {
    message.acknowledgedAtMs ??= Date.now();
  }
}
